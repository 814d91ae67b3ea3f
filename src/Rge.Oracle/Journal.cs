using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Rge.Files;

namespace Rge.Oracle;

/// <summary>
/// A file of JSON objects, one a line, that is only ever added to: what was added survives a kill or a power cut. The first line says
/// what the others belong to. Held by one process at a time; thread-safe within it.
/// </summary>
internal sealed class Journal<T> : IDisposable
    where T : class, IJournalEntry
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        IgnoreReadOnlyProperties = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Lock _lock = new();
    private readonly LineJournal _file;
    private readonly List<T> _entries = [];

    /// <summary>Opens a journal, or begins one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="header">Identifies the run of the entries.</param>
    /// <param name="startOver">Whether a journal of another run is emptied; otherwise that is an error.</param>
    /// <exception cref="OracleException">The file belongs to another run, is damaged, cannot be opened, or another process has it
    /// open.</exception>
    public Journal(string path, JsonObject header, bool startOver = false)
    {
        try
        {
            _file = LineJournal.Open(path);
        }
        catch (IOException e) when (FileProblem.IsInUse(e))
        {
            throw new OracleException($"{path} cannot be opened: {FileProblem.Of(path, e)}; is another run at work in its folder?", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OracleException($"{path} cannot be opened: {FileProblem.Of(path, e)}.", e);
        }
        try
        {
            var now = header.ToJsonString(Json);
            foreach (var (index, line) in _file.Lines().Index())
            {
                if (index > 0)
                    _entries.Add(Entry(path, index + 1, line));
                else if (line.Text is var begun && begun != now)
                {
                    if (!startOver)
                        throw new OracleException(
                            $"{path} was begun with {begun}, which now is {now}: run it as before, or name another folder."
                        );
                    _file.Truncate(0);
                    break;
                }
            }
            if (_file.IsEmpty)
                Write([now]);
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
        foreach (var entry in _entries)
            latest[entry.Identity] = entry;
        return latest;
    }

    /// <summary>Adds an entry; it is on the disk when this returns.</summary>
    public void Add(T entry) => Add([entry]);

    /// <summary>Adds entries; they are on the disk when this returns, which waits for it once.</summary>
    public void Add(IReadOnlyList<T> entries)
    {
        lock (_lock)
        {
            Write(entries.Select(entry => JsonSerializer.Serialize(entry, Json)));
            _entries.AddRange(entries);
        }
    }

    private void Write(IEnumerable<string> lines)
    {
        foreach (var line in lines)
            _file.Append(Encoding.UTF8.GetBytes(line));
        _file.Flush();
    }

    private static T Entry(string path, int number, JournalLine line)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line.Content.Span, Json) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new OracleException(
                $"{path}, line {number} is damaged, expected an entry as in the lines around it; remove the line to resume. {e.Message}",
                e
            );
        }
    }

    public void Dispose() => _file.Dispose();
}
