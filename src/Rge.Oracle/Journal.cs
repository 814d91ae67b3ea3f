using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Rge.Oracle;

/// <summary>
/// A file of JSON objects, one a line, that is only ever added to: what was added is there after a kill or a power cut. The first line says
/// what the others belong to. Held by one process at a time; thread-safe within it.
/// </summary>
internal sealed class Journal<T> : IDisposable where T : class, IJournalEntry
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        IgnoreReadOnlyProperties = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Lock _lock = new();
    private readonly FileStream _file;
    private readonly List<T> _entries = [];

    /// <summary>Opens a journal, or begins one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="header">What the entries belong to.</param>
    /// <param name="startOver">Whether a journal that belongs to something else is emptied; otherwise that is an error.</param>
    /// <exception cref="OracleException">The file belongs to something else, is damaged, or another process has it open.</exception>
    public Journal(string path, JsonObject header, bool startOver = false)
    {
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new OracleException($"{path} cannot be opened; is another run at work in its folder? {e.Message}", e);
        }
        try
        {
            CutTornLine();
            using var reader = new StreamReader(_file, leaveOpen: true);
            var (begun, now) = (reader.ReadLine(), header.ToJsonString(Json));
            if (begun == now)
            {
                ReadEntries(path, reader);
                return;
            }
            if (begun is not null && !startOver)
                throw new OracleException($"{path} was begun with {begun}, which now is {now}: run it as before, or name another folder.");
            _file.SetLength(0);
            Write(now);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>The entries, in the order in which they were added.</summary>
    public IReadOnlyList<T> Entries => _entries;

    /// <summary>The last word on each row.</summary>
    public Dictionary<RowIdentity, T> Latest()
    {
        var latest = new Dictionary<RowIdentity, T>();
        foreach (var entry in _entries) latest[entry.Identity] = entry;
        return latest;
    }

    /// <summary>Adds an entry; it is on the disk when this returns.</summary>
    public void Add(T entry)
    {
        lock (_lock)
        {
            Write(JsonSerializer.Serialize(entry, Json));
            _entries.Add(entry);
        }
    }

    private void Write(string line)
    {
        _file.Seek(0, SeekOrigin.End);
        _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
        _file.Flush(flushToDisk: true);
    }

    /// <summary>Cuts off what was being written when a process ended.</summary>
    private void CutTornLine()
    {
        var end = _file.Length;
        for (; end > 0; end--)
        {
            _file.Position = end - 1;
            if (_file.ReadByte() == '\n') break;
        }
        _file.SetLength(end);
        _file.Position = 0;
    }

    private void ReadEntries(string path, StreamReader reader)
    {
        for (var line = 2; reader.ReadLine() is { } text; line++)
        {
            try
            {
                _entries.Add(JsonSerializer.Deserialize<T>(text, Json) ?? throw new JsonException("It is null."));
            }
            catch (JsonException e)
            {
                throw new OracleException($"{path}, line {line} is damaged, expected an entry as in the lines around it; without the line the run goes on. {e.Message}", e);
            }
        }
    }

    public void Dispose() => _file.Dispose();
}
