namespace Rge.Files;

/// <summary>
/// A file of lines that is only appended to, so that what was flushed survives a kill or a power cut. A last line without its end, which
/// was being written when a process stopped, is cut off when the file is opened. Not thread-safe.
/// </summary>
public sealed class LineJournal : IDisposable
{
    private readonly FileStream _file;

    private LineJournal(FileStream file)
    {
        _file = file;
        _file.SetLength(WholeLines());
    }

    /// <summary>The file.</summary>
    public string Path => _file.Name;

    /// <summary>Whether there is no line.</summary>
    public bool IsEmpty => _file.Length == 0;

    /// <summary>Opens a journal, or begins an empty one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="share">Access of other processes to the file meanwhile: nothing, or read it.</param>
    /// <exception cref="IOException">Its folder does not exist, or another process has it open.</exception>
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

    /// <summary>Appends a line and its end. It survives the process at once, and the machine after <see cref="Flush"/>.</summary>
    /// <param name="line">The bytes, without a line end.</param>
    /// <returns>Where the line begins.</returns>
    public JournalLine Append(ReadOnlyMemory<byte> line)
    {
        var start = _file.Seek(0, SeekOrigin.End);
        _file.Write(line.Span);
        _file.WriteByte((byte)'\n');
        _file.Flush();
        return new JournalLine(start, line);
    }

    /// <summary>Brings everything to the disk.</summary>
    public void Flush() => _file.Flush(flushToDisk: true);

    /// <summary>Removes all that stands behind a place.</summary>
    /// <param name="end">Bytes to keep.</param>
    public void Truncate(long end) => _file.SetLength(end);

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
        for (var end = _file.Length; end > 0; end--)
        {
            _file.Position = end - 1;
            if (_file.ReadByte() == '\n')
                return end;
        }
        return 0;
    }

    private static IEnumerable<JournalLine> Lines(FileStream file)
    {
        var (buffer, line, start) = (new byte[1 << 16], new List<byte>(), 0L);
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
