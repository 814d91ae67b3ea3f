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

    private readonly FileStream _file;

    /// <summary>Opens the log of a run that stands at a step: what a stopped run wrote after it is cut off, since those steps are run again.</summary>
    public RunLog(string path, int step)
    {
        // Cut in place: the entries that stay are never without a file.
        var kept = File.Exists(path) ? Read(path).TakeWhile(entry => entry["step"]!.GetValue<int>() <= step).Count() : 0;
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        while (kept > 0 && _file.ReadByte() is >= 0 and var next)
            if (next == '\n') kept--;
        _file.SetLength(_file.Position);
        Flush();
    }

    /// <summary>Adds an entry; it has a <c>step</c>, the number of steps done.</summary>
    public void Write(JsonObject entry)
    {
        _file.Write(Encoding.UTF8.GetBytes(entry.ToJsonString(Line) + "\n"));
        // Whoever looks on sees each step; only checkpoints wait for the disk.
        _file.Flush();
    }

    /// <summary>Makes the entries so far survive the process and the machine.</summary>
    public void Flush() => _file.Flush(flushToDisk: true);

    /// <summary>The entries of a log; a line that was being written when the process stopped is left out.</summary>
    public static IEnumerable<JsonObject> Read(string path)
    {
        // Also while the run appends to it.
        using var reader = new StreamReader(FileReader.Open(path, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            JsonObject? entry = null;
            try
            {
                entry = JsonNode.Parse(line) as JsonObject;
            }
            catch (JsonException)
            {
                // Cut off in the middle.
            }
            if (entry?["step"] is not JsonValue step || !step.TryGetValue<int>(out _)) yield break;
            yield return entry;
        }
    }

    public void Dispose() => _file.Dispose();
}
