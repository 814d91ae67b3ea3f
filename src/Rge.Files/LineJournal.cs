namespace Rge.Files;

/// <summary>
/// A file of lines that is only appended to, so that what was flushed survives a kill or a power cut. A last line without its end, which
/// was being written when a process stopped, is cut off when the file is opened. Not thread-safe.
/// </summary>
public sealed class LineJournal : IDisposable
{
    /// <summary>Bytes that are read at once.</summary>
    private const int Block = 1 << 16;

    private readonly FileStream _file;
    private long _end;

    private LineJournal(FileStream file)
    {
        _file = file;
        Truncate(WholeLines());
    }

    /// <summary>The file.</summary>
    public string Path => _file.Name;

    /// <summary>Whether there is no line.</summary>
    public bool IsEmpty => _end == 0;

    /// <summary>Opens a journal, or begins an empty one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="share">Access of other processes to the file meanwhile: none, or to read it. With <see cref="FileShare.None"/> a second
    /// writer is refused. With <see cref="FileShare.Read"/> it is on Windows only: on Linux and macOS both get the file, and a lock must
    /// keep the second one out, such as <see cref="FolderLock"/>.</param>
    /// <exception cref="IOException">Its folder does not exist, another process has it open without sharing it, or it is no file.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static LineJournal Open(string path, FileShare share = FileShare.None)
    {
        FileReader.Require(path);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, share);
        try
        {
            return new LineJournal(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The lines of a journal that another process may be writing; one without its end is left out.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    public static IEnumerable<JournalLine> Read(string path)
    {
        using var file = FileReader.Open(path, FileShare.ReadWrite);
        foreach (var line in Lines(file))
            yield return line;
    }

    /// <summary>The lines, and where each begins. Nothing may be appended while they are read.</summary>
    public IEnumerable<JournalLine> Lines()
    {
        _file.Position = 0;
        return Lines(_file);
    }

    /// <summary>Appends a line and its end. Others read it, and it survives the process, after <see cref="Flush"/>.</summary>
    /// <param name="line">The bytes, without a line end.</param>
    /// <returns>Where the line begins.</returns>
    public JournalLine Append(ReadOnlyMemory<byte> line)
    {
        if (_file.Position != _end)
            _file.Position = _end;
        _file.Write([.. line.Span, (byte)'\n']);
        var written = new JournalLine(_end, line);
        _end = written.End;
        return written;
    }

    /// <summary>Hands all lines to the operating system: others read them, and they survive the process.</summary>
    /// <param name="toDisk">Whether to wait until they are on the disk, where they survive the machine.</param>
    public void Flush(bool toDisk = true) => _file.Flush(toDisk);

    /// <summary>Removes all that stands behind a place.</summary>
    /// <param name="end">Bytes to keep.</param>
    public void Truncate(long end)
    {
        _file.SetLength(end);
        _end = end;
    }

    /// <summary>Reads bytes of the file.</summary>
    /// <param name="start">Where they begin.</param>
    /// <param name="bytes">Takes them.</param>
    public void ReadExactly(long start, Span<byte> bytes)
    {
        _file.Position = start;
        _file.ReadExactly(bytes);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private long WholeLines()
    {
        var buffer = new byte[Block];
        for (var end = _file.Length; end > 0; )
        {
            var start = Math.Max(0, end - Block);
            var bytes = buffer.AsSpan(0, (int)(end - start));
            ReadExactly(start, bytes);
            if (bytes.LastIndexOf((byte)'\n') is >= 0 and var last)
                return start + last + 1;
            end = start;
        }
        return 0;
    }

    private static IEnumerable<JournalLine> Lines(FileStream file)
    {
        var (buffer, line, start) = (new byte[Block], new List<byte>(), 0L);
        for (int read; (read = file.Read(buffer)) > 0; )
        {
            for (var (from, end) = (0, 0); from < read; from = end + 1)
            {
                end = Array.IndexOf(buffer, (byte)'\n', from, read - from);
                line.AddRange(buffer.AsSpan(from, (end < 0 ? read : end) - from));
                if (end < 0)
                    break;
                yield return new JournalLine(start, line.ToArray());
                start += line.Count + 1;
                line.Clear();
            }
        }
    }
}
