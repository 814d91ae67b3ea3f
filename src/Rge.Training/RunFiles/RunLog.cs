using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Files;

namespace Rge.Training.RunFiles;

/// <summary>A run's log: one JSON object a line, appended. Not thread-safe.</summary>
internal sealed class RunLog : IDisposable
{
    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly LineJournal _file;

    /// <summary>
    /// Opens the log of a run at a step. Later lines of an interrupted run are cut off, since those steps run again.
    /// </summary>
    public RunLog(string path, int step)
    {
        _file = LineJournal.Open(path, FileShare.Read);
        var kept = 0L;
        foreach (var line in _file.Lines().TakeWhile(line => StepOf(Parse(line)) <= step))
            kept = line.End;
        _file.Truncate(kept);
        Flush();
    }

    /// <summary>
    /// Adds an entry; it has a <c>step</c>, the number of steps done. Readers see it at once; only <see cref="Flush"/> waits for the disk.
    /// </summary>
    public void Write(JsonObject entry)
    {
        _file.Append(Encoding.UTF8.GetBytes(entry.ToJsonString(Line)));
        _file.Flush(toDisk: false);
    }

    /// <summary>Flushes the entries so far to disk.</summary>
    public void Flush() => _file.Flush();

    /// <summary>The entries of a log that a run may be writing, up to the first that is damaged.</summary>
    public static IEnumerable<JsonObject> Read(string path) =>
        LineJournal.Read(path).Select(Parse).TakeWhile(entry => StepOf(entry) is not null)!;

    private static JsonObject? Parse(JournalLine line)
    {
        try
        {
            return JsonNode.Parse(line.Content.Span, documentOptions: Strict) as JsonObject;
        }
        // A name that is not Unicode ends in an InvalidOperationException.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static int? StepOf(JsonObject? entry) =>
        entry?["step"] is JsonValue value && value.TryGetValue<int>(out var step) ? step : null;

    public void Dispose() => _file.Dispose();
}
