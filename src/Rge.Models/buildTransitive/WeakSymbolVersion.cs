using System.Text;
#if !NET // MSBuild compiles this file against .NET Standard, where NET is not defined and no namespace is imported by itself.
using System.Collections.Generic;
using System.IO;
#endif

namespace Rge.Build;

/// <summary>
/// Marks one symbol version that an ELF shared library asks for as weak, so that the dynamic loader accepts a system
/// library without that version (it then says nothing, or warns) instead of refusing to load.
/// </summary>
/// <remarks>
/// Follows the loader's own road: program headers, the dynamic section, the version needs (Linux Standard Base,
/// "Symbol Versioning"). Only 64-bit little-endian files. The edit is refused when a relocation uses a symbol of the
/// version, because the library would then truly lack something at run time. Compiled twice: by MSBuild for the task
/// below, and into this assembly for programs that were built without it; so it stays within .NET Standard 2.0.
/// </remarks>
internal static class WeakSymbolVersion
{
    private const int WeakFlag = 2;
    private const int LoadSegment = 1,
        DynamicSegment = 2;
    private const int ProgramHeaderSize = 56,
        DynamicEntrySize = 16,
        RelocationSize = 24,
        VersionNeedSize = 16;

    /// <summary>
    /// Writes <paramref name="source"/> with the version made weak as <paramref name="destination"/>: the whole file or none of it.
    /// </summary>
    /// <returns>False when nothing had to change and the file is an exact copy.</returns>
    /// <exception cref="InvalidDataException">The source is not a well-formed shared library, or really uses the version.</exception>
    public static bool Copy(string source, string destination, string version)
    {
#pragma warning disable RS0030 // a task of the build, which has none of our assemblies
        var bytes = File.ReadAllBytes(source);
#pragma warning restore RS0030
        var changed = Weaken(bytes, version, source);

        // A new file under a temporary name, renamed: the file at the destination may be a hard link to the package cache.
        var temporary = destination + "." + Path.GetRandomFileName() + ".part";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew))
            {
                stream.Write(bytes, 0, bytes.Length);
                stream.Flush(flushToDisk: true);
            }

            if (File.Exists(destination))
                File.Replace(temporary, destination, destinationBackupFileName: null);
            else
                File.Move(temporary, destination);
        }
        finally
        {
            File.Delete(temporary);
        }

        return changed;
    }

    /// <summary>Marks the version as weak in place. <paramref name="file"/> is only named in errors.</summary>
    /// <returns>False when the library does not ask for the version, or already does so weakly.</returns>
    /// <exception cref="InvalidDataException">The bytes are not a well-formed shared library, or it really uses the version; they are
    /// unchanged.</exception>
    public static bool Weaken(byte[] elf, string version, string file) => new Image(elf, file).Weaken(version);

    private sealed class Image
    {
        private readonly byte[] _bytes;
        private readonly string _file;
        private readonly List<(ulong Address, ulong Offset, ulong Size)> _segments = [];
        private readonly Dictionary<ulong, ulong> _dynamic = [];

        public Image(byte[] bytes, string file)
        {
            (_bytes, _file) = (bytes, file);
            if (Read(0, 4) != 0x464c457f)
                throw Error("starts with other bytes than an ELF file");
            if (Read(4, 1) != 2 || Read(5, 1) != 1)
                throw Error("is not a 64-bit little-endian ELF file");

            var (table, size, count) = (Read(32, 8), Read(54, 2), Read(56, 2));
            if (size != ProgramHeaderSize)
                throw Error($"has program headers of {size} bytes, expected {ProgramHeaderSize}");
            for (var i = 0ul; i < count; i++)
                ReadProgramHeader(table + i * size);
        }

        public bool Weaken(string version)
        {
            if (!_dynamic.ContainsKey(Tag.VersionNeeds))
                return false;

            var strings = Locate(Tag.Strings);
            var need = Locate(Tag.VersionNeeds);
            for (var left = Value(Tag.VersionNeedCount); left > 0; left--)
            {
                if (Read(need, 2) != 1)
                    throw Error($"has a version need of revision {Read(need, 2)}, expected 1");
                var entry = need + Read(need + 8, 4);
                for (var leftOfFile = Read(need + 2, 2); leftOfFile > 0; leftOfFile--)
                {
                    if (IsString(strings + Read(entry + 8, 4), version))
                        return WeakenEntry(entry, version);
                    entry = Next(entry, leftOfFile);
                }

                need = Next(need, left);
            }

            return false;
        }

        private bool WeakenEntry(ulong entry, string version)
        {
            var flags = Read(entry + 4, 2);
            if ((flags & WeakFlag) != 0)
                return false;

            RequireUnused(Tag.Relocations, Tag.RelocationsSize, Read(entry + 6, 2), version);
            RequireUnused(Tag.JumpRelocations, Tag.JumpRelocationsSize, Read(entry + 6, 2), version);
            _bytes[entry + 4] = (byte)(flags | WeakFlag);
            return true;
        }

        private void RequireUnused(ulong table, ulong size, ulong versionIndex, string version)
        {
            if (!_dynamic.ContainsKey(table))
                return;

            var symbolVersions = Locate(Tag.SymbolVersions);
            var first = Locate(table);
            for (var offset = 0ul; offset < Value(size); offset += RelocationSize)
            {
                var symbol = Read(first + offset + 8, 8) >> 32;
                // The highest bit says "hidden" and is no part of the index.
                if (symbol != 0 && (Read(symbolVersions + symbol * 2, 2) & 0x7fff) == versionIndex)
                    throw Error($"has a relocation to a symbol of {version}, which therefore cannot be made weak");
            }
        }

        private void ReadProgramHeader(ulong header)
        {
            var (offset, size) = (Read(header + 8, 8), Read(header + 32, 8));
            if (Read(header, 4) == LoadSegment)
                _segments.Add((Read(header + 16, 8), offset, size));
            if (Read(header, 4) != DynamicSegment)
                return;

            for (var entry = offset; entry - offset < size && Read(entry, 8) is var tag && tag != Tag.End; entry += DynamicEntrySize)
                _dynamic[tag] = Read(entry + 8, 8);
        }

        /// <summary>Steps along a chain of version needs; <paramref name="left"/> counts the element stood on.</summary>
        private ulong Next(ulong element, ulong left)
        {
            // The field lies at the same place in both kinds of element.
            var step = Read(element + 12, 4);
            if (left > 1 && step < VersionNeedSize)
                throw Error($"has version needs that end {left - 1} too early");
            return element + step;
        }

        private ulong Value(ulong tag) => _dynamic.TryGetValue(tag, out var value) ? value : throw Error($"lacks dynamic entry 0x{tag:x}");

        /// <summary>File offset of the table whose address a dynamic entry holds.</summary>
        private ulong Locate(ulong tag)
        {
            var address = Value(tag);
            foreach (var segment in _segments)
            {
                if (address >= segment.Address && address - segment.Address < segment.Size)
                    return segment.Offset + (address - segment.Address);
            }

            throw Error($"has dynamic entry 0x{tag:x} at address 0x{address:x}, outside every segment");
        }

        private bool IsString(ulong offset, string text)
        {
            var expected = Encoding.ASCII.GetBytes(text + '\0');
            for (var i = 0; i < expected.Length; i++)
            {
                if (Read(offset + (ulong)i, 1) != expected[i])
                    return false;
            }

            return true;
        }

        private ulong Read(ulong offset, int size)
        {
            if (offset > (ulong)_bytes.Length || (ulong)_bytes.Length - offset < (ulong)size)
                throw Error($"has {_bytes.Length} bytes, expected at least {size} more at offset {offset}");

            var value = 0ul;
            for (var i = size - 1; i >= 0; i--)
                value = (value << 8) | _bytes[(int)offset + i];
            return value;
        }

        private InvalidDataException Error(string what) => new($"{_file} {what}.");
    }

    /// <summary>Tags of dynamic entries.</summary>
    private static class Tag
    {
        public const ulong End = 0,
            JumpRelocationsSize = 2,
            Strings = 5,
            Relocations = 7,
            RelocationsSize = 8,
            JumpRelocations = 23;
        public const ulong SymbolVersions = 0x6ffffff0,
            VersionNeeds = 0x6ffffffe,
            VersionNeedCount = 0x6fffffff;
    }
}

#if !NET // The assembly has the class above alone.
/// <summary>The MSBuild task of Rge.Models.targets.</summary>
public sealed class WeakenSymbolVersion : Microsoft.Build.Utilities.Task
{
    /// <summary>The library as its package brings it; never written to.</summary>
    [Microsoft.Build.Framework.Required]
    public string Source { get; set; } = "";

    /// <summary>Where the edited copy goes.</summary>
    [Microsoft.Build.Framework.Required]
    public string Destination { get; set; } = "";

    /// <summary>The symbol version, such as GLIBCXX_3.4.32.</summary>
    [Microsoft.Build.Framework.Required]
    public string Version { get; set; } = "";

    /// <inheritdoc />
    public override bool Execute()
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Destination));
            var changed = WeakSymbolVersion.Copy(Source, Destination, Version);
            Log.LogMessage("{0}: {1} {2}", Destination, Version, changed ? "made weak" : "needs no change");
        }
        catch (System.Exception error) when (error is IOException or InvalidDataException or System.UnauthorizedAccessException)
        {
            Log.LogError(error.Message);
        }

        return !Log.HasLoggedErrors;
    }
}
#endif
