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
        using var file = new Replacement(path);
        write(file.Stream);
        file.Commit();
    }

    /// <inheritdoc cref="Write" path="/summary"/>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="write">Writes the content to the stream it is given, which stays open.</param>
    public static async Task WriteAsync(string path, Func<Stream, Task> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var file = new Replacement(path);
        await write(file.Stream);
        file.Commit();
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

    /// <summary>The new content of a file, which takes the place of the old one when it is complete.</summary>
    private sealed class Replacement : IDisposable
    {
        private readonly string _path;
        private string? _temporary; // null for a device, and when the content is where it belongs

        public Replacement(string path)
        {
            (_path, _temporary) = (path, IsDevice(path) ? null : $"{path}.{Guid.NewGuid():N}.part");
            Stream = new FileStream(_temporary ?? path, _temporary is null ? FileMode.Open : FileMode.CreateNew, FileAccess.Write);
        }

        public FileStream Stream { get; }

        public void Commit()
        {
            if (_temporary is null)
                return;
            Stream.Flush(flushToDisk: true);
            Stream.Dispose();
            File.Move(_temporary, _path, overwrite: true);
            _temporary = null;
        }

        public void Dispose()
        {
            try
            {
                Stream.Dispose();
            }
            finally
            {
                if (_temporary is not null)
                    File.Delete(_temporary);
            }
        }
    }
}
