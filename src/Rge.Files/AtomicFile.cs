using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rge.Files;

/// <summary>Writes whole files so that a crash leaves the old one or the new one, never half of either.</summary>
public static class AtomicFile
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// Writes to a temporary name in the same folder, flushes to the disk, then renames. A device is written to directly.
    /// </summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="write">Writes the content to the stream it is given.</param>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (IsDevice(path))
        {
            using var device = new FileStream(path, FileMode.Open, FileAccess.Write);
            write(device);
            return;
        }
        var temporary = TemporaryName(path);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <inheritdoc cref="Write" path="/summary"/>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="write">Writes the content to the stream it is given, which stays open.</param>
    public static async Task WriteAsync(string path, Func<Stream, Task> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (IsDevice(path))
        {
            await using var device = new FileStream(path, FileMode.Open, FileAccess.Write);
            await write(device);
            return;
        }
        var temporary = TemporaryName(path);
        try
        {
            await using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                await write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Whether a path is a device or an open file of this process, such as /dev/stdout, or a link to one: a rename would put a file in its
    /// place, for all programs of the machine.
    /// </summary>
    /// <param name="path">A path, which need not exist.</param>
    public static bool IsDevice(string path)
    {
        if (OperatingSystem.IsWindows() || !Path.Exists(path))
            return false;
        var full = Path.GetFullPath(path);
        return Names(full) || (File.ResolveLinkTarget(full, returnFinalTarget: false) is { } target && Names(target.FullName));

        static bool Names(string name) =>
            (name.StartsWith("/dev/", StringComparison.Ordinal) && !name.StartsWith("/dev/shm/", StringComparison.Ordinal))
            || name.StartsWith("/proc/", StringComparison.Ordinal);
    }

    private static string TemporaryName(string path) => $"{path}.{Guid.NewGuid():N}.part";

    /// <summary>Writes text as UTF-8 without a byte order mark.</summary>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes indented JSON.</summary>
    public static void WriteJson(string path, JsonNode json)
    {
        ArgumentNullException.ThrowIfNull(json);
        WriteText(path, json.ToJsonString(Indented) + "\n");
    }

    /// <summary>Copies a file.</summary>
    public static void Copy(string source, string path)
    {
        using var from = FileReader.Open(source);
        Write(path, from.CopyTo);
    }
}
