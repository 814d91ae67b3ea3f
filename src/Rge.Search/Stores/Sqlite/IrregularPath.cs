using System.Runtime.InteropServices;
using Rge.Files;

namespace Rge.Search.Stores.Sqlite;

/// <summary>Says what a path is without opening it, so that no lock of this process on the file is lost. Stateless and thread-safe.</summary>
internal static partial class IrregularPath
{
    // Linux's statx, which looks alike on every processor.
    private const int CurrentFolder = -100, StatusBytes = 256, ModeOffset = 28, TypeMask = 0xF000, RegularType = 0x8000;

    /// <summary>
    /// What a path is that is no file, in words for the end of a sentence; <see langword="null"/> for a file, for nothing, and where it
    /// cannot be told.
    /// </summary>
    public static string? Problem(string path)
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

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Status(int folder, string path, int flags, uint mask, ref byte status);
}
