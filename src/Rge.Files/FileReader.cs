using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Rge.Files;

/// <summary>
/// The one way to open a file for reading. A pipe, a socket or a device is refused at once, before it is opened: a pipe without a writer
/// would block, a device may have no end. Stateless and thread-safe.
/// </summary>
/// <remarks>All methods throw what <see cref="File"/> throws otherwise; <see cref="FileProblem.Of"/> has the words for it.</remarks>
public static partial class FileReader
{
    private const int TypeMask = 0xF000,
        FolderType = 0x4000,
        RegularType = 0x8000;

    /// <summary>Refuses what cannot be read as a file. Folders and missing files are left to the caller that opens them.</summary>
    /// <param name="path">The path.</param>
    /// <exception cref="IrregularFileException">It is a pipe, a socket or a device, or a link that leads back to itself.</exception>
    public static void Require(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var (type, error) = TypeOf(path);
        if (type is not (0 or FolderType or RegularType))
            throw new IrregularFileException(path, "is a pipe, a socket or a device, not a file");
        if (error == (OperatingSystem.IsLinux() ? 40 : 62))
            throw new IrregularFileException(path, "is a link that leads back to itself");
    }

    /// <summary>Opens a file as a stream; the caller disposes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="share">Access of other processes to the file meanwhile.</param>
    /// <param name="bufferSize">Size of the buffer; 0 or 1 for none.</param>
    /// <exception cref="IOException">It does not exist, cannot be read, or is a pipe, a socket or a device.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    public static FileStream Open(string path, FileShare share = FileShare.Read, int bufferSize = 4096)
    {
        Require(path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, share, bufferSize);
    }

    /// <summary>Opens a file for reading at offsets; the caller disposes.</summary>
    /// <inheritdoc cref="Open"/>
    public static SafeFileHandle OpenHandle(string path, FileShare share = FileShare.Read)
    {
        Require(path);
        return File.OpenHandle(path, FileMode.Open, FileAccess.Read, share, FileOptions.RandomAccess);
    }

    /// <summary>All bytes of a file.</summary>
    /// <inheritdoc cref="Open"/>
    public static byte[] ReadBytes(string path)
    {
        Require(path);
        return File.ReadAllBytes(path);
    }

    /// <summary>The text of a file, in UTF-8 unless it starts with the mark of another encoding.</summary>
    /// <inheritdoc cref="Open"/>
    public static string ReadText(string path)
    {
        Require(path);
        return File.ReadAllText(path);
    }

    /// <summary>The lines of a text file, read as they are asked for.</summary>
    /// <param name="path">The file.</param>
    /// <param name="encoding">Its encoding; UTF-8 when left out.</param>
    /// <inheritdoc cref="Open"/>
    public static IEnumerable<string> ReadLines(string path, Encoding? encoding = null)
    {
        Require(path);
        return File.ReadLines(path, encoding ?? Encoding.UTF8);
    }

    /// <summary>The type of what a path leads to, and the system's error; both 0 where the system does not tell.</summary>
    private static (int Type, int Error) TypeOf(string path)
    {
        const int CurrentFolder = -100,
            WantsType = 1,
            StatxMode = 28,
            StatMode = 4;
        Span<byte> status = stackalloc byte[512];
        int mode;
        if (OperatingSystem.IsLinux())
            mode = StatusOnLinux(CurrentFolder, path, 0, WantsType, status) == 0 ? StatxMode : -1;
        else if (OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
            mode = StatusOnMac(path, status) == 0 ? StatMode : -1;
        else
            return (0, 0);
        return mode < 0 ? (0, Marshal.GetLastPInvokeError()) : (BitConverter.ToUInt16(status[mode..]) & TypeMask, 0);
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusOnLinux(int folder, string path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "stat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusOnMac(string path, Span<byte> status);
}
