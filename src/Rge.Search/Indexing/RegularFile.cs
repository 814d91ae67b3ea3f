using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Rge.Files;

namespace Rge.Search.Indexing;

/// <summary>
/// Opens files for reading without ever waiting for one, as a named pipe without a writer would have it. Stateless and thread-safe.
/// </summary>
internal static partial class RegularFile
{
    private const int TooManyLinks = 40;

    // Linux's statx, which looks alike on every processor.
    private const int CurrentFolder = -100, StatusBytes = 256, ModeOffset = 28, TypeMask = 0xF000, RegularType = 0x8000;

    /// <summary>Opens a file.</summary>
    /// <exception cref="IOException">It is not there, cannot be read, or is a pipe, a socket, a device or a folder.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream Open(string path)
    {
        if (Directory.Exists(path)) throw new IrregularFileException("it is a folder");
        // Elsewhere a folder has no pipes in it.
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) return File.OpenRead(path);
        var handle = OpenWithoutWaiting(path, OperatingSystem.IsLinux() ? 0x80800 : 0x1000004);
        if (handle.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw error switch
            {
                2 or 20 => new FileNotFoundException(null, path),
                1 or 13 => new UnauthorizedAccessException(),
                6 => new IrregularFileException("it is a socket or a device, not a file"),
                TooManyLinks or 62 => new IrregularFileException("it is a link that leads back to itself"),
                _ => new IrregularFileException(Marshal.GetPInvokeErrorMessage(error)),
            };
        }
        var file = new FileStream(handle, FileAccess.Read, bufferSize: 1);
        if (file.CanSeek) return file;
        file.Dispose();
        throw new IrregularFileException("it is a pipe, a socket or a device, not a file");
    }

    /// <summary>
    /// What a path is that is no file, in words for the end of a sentence; <see langword="null"/> for a file, for nothing, and where it
    /// cannot be told. Nothing is opened, so no lock of this process on the file is lost.
    /// </summary>
    public static string? IrregularityOf(string path)
    {
        const string Irregular = "it is a pipe, a socket or a device, not a file";
        if (Directory.Exists(path)) return "it is a folder, expected a file";
        if (AtomicFile.IsDevice(path)) return Irregular;
        if (!OperatingSystem.IsLinux()) return null;
        Span<byte> status = stackalloc byte[StatusBytes];
        try
        {
            if (Status(CurrentFolder, path, flags: 0, mask: 1, ref MemoryMarshal.GetReference(status)) != 0) return null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
        return (BitConverter.ToUInt16(status[ModeOffset..]) & TypeMask) == RegularType ? null : Irregular;
    }

    /// <summary>What is wrong, in words for the end of a sentence; <see langword="null"/> for what is no error of a file.</summary>
    public static string? Problem(Exception error) => error switch
    {
        // A folder has been told from a file by then.
        IOException or UnauthorizedAccessException or NotSupportedException => FileProblem.Of("", error),
        _ => null,
    };

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenWithoutWaiting(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Status(int folder, string path, int flags, uint mask, ref byte status);

    private sealed class IrregularFileException(string message) : IOException(message);
}
