using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Files;

namespace Rge.Training.RunFiles;

/// <summary>
/// The files of a run. <c>config.yaml</c> has the settings in full, <c>run.json</c> its provenance, <c>log.jsonl</c> a line a step,
/// <c>checkpoints/step-…</c> the last few states, <c>model</c> the result, <c>report.html</c> the curves.
/// </summary>
public sealed class RunFolder
{
    private const string StateFile = "state.json",
        ChecksumFile = "checksums.json";
    private static readonly JsonSerializerOptions Json = new()
    {
        AllowDuplicateProperties = false,
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Names the folder; nothing is read or written yet.</summary>
    public RunFolder(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Root = path;
    }

    /// <summary>The folder.</summary>
    public string Root { get; }

    /// <summary>The settings in full.</summary>
    public string Config => Path.Combine(Root, "config.yaml");

    /// <summary>Versions, counts of data, and the commit.</summary>
    public string Provenance => Path.Combine(Root, "run.json");

    /// <summary>The log.</summary>
    public string Log => Path.Combine(Root, "log.jsonl");

    /// <summary>The trained model, once the run is done.</summary>
    public string Model => Path.Combine(Root, "model");

    /// <summary>The page of curves.</summary>
    public string Report => Path.Combine(Root, "report.html");

    private string Checkpoints => Path.Combine(Root, "checkpoints");

    /// <summary>The newest whole checkpoint; null where there is none.</summary>
    public string? LatestCheckpoint() => Whole().LastOrDefault();

    /// <summary>Checks that the files of a checkpoint have the content that was written.</summary>
    /// <exception cref="TrainingException">One is damaged; the message names it, and the checkpoint before, from which the run can be
    /// resumed.</exception>
    public void RequireWhole(string checkpoint)
    {
        if (Damage(checkpoint) is not { } damage)
            return;
        var older = Whole().TakeWhile(other => other != checkpoint).LastOrDefault();
        throw new TrainingException(
            older is null
                ? $"{damage} There is no older checkpoint: begin again in another folder."
                : $"{damage} Delete the folder {checkpoint} and resume again, to continue from {older}."
        );
    }

    /// <summary>Reads the state of a checkpoint.</summary>
    /// <exception cref="TrainingException">Its state cannot be read.</exception>
    public static RunState ReadState(string checkpoint)
    {
        var path = Path.Combine(checkpoint, StateFile);
        try
        {
            return JsonSerializer.Deserialize<RunState>(FileReader.ReadText(path), Json) ?? throw new JsonException("it is empty");
        }
        // A name that is not Unicode ends in an InvalidOperationException.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new TrainingException($"{path} cannot be read: it is not a run's state in JSON.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }

    /// <summary>Writes a checkpoint under a temporary name and renames it, then deletes those that are no longer kept.</summary>
    /// <param name="state">The state of the run.</param>
    /// <param name="keep">Number of checkpoints to keep.</param>
    /// <param name="write">Writes everything else into the folder it is given.</param>
    public void WriteCheckpoint(RunState state, int keep, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(write);
        Publish(Path.Combine(Checkpoints, string.Create(CultureInfo.InvariantCulture, $"step-{state.Step:D8}")), folder =>
        {
            write(folder);
            AtomicFile.WriteText(Path.Combine(folder, StateFile), JsonSerializer.Serialize(state, Json));
            var checksums = Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .Select(file => KeyValuePair.Create(Path.GetRelativePath(folder, file), (JsonNode?)Checksum(file)));
            AtomicFile.WriteJson(Path.Combine(folder, ChecksumFile), new JsonObject(checksums));
        });
        foreach (var old in Whole().SkipLast(keep).ToList())
            Directory.Delete(old, recursive: true);
    }

    /// <summary>Writes a folder under a temporary name beside it, and renames it when it is complete.</summary>
    public static void Publish(string folder, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var temporary = $"{folder}.{Guid.NewGuid():N}.part";
        Directory.CreateDirectory(temporary);
        try
        {
            write(temporary);
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
            Directory.Move(temporary, folder);
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    /// <summary>Deletes the remains of interrupted writes.</summary>
    public void Tidy()
    {
        foreach (var parent in (string[])[Root, Checkpoints])
            if (Directory.Exists(parent))
                foreach (var part in Directory.GetDirectories(parent, "*.part"))
                    Directory.Delete(part, recursive: true);
    }

    /// <summary>Writes <c>run.json</c>.</summary>
    public void WriteProvenance(JsonObject provenance) => AtomicFile.WriteJson(Provenance, provenance);

    /// <summary>Reads <c>run.json</c>; <see langword="null"/> where there is none.</summary>
    /// <exception cref="CheckpointException">It is no JSON object, or cannot be read.</exception>
    public JsonObject? ReadProvenance() => File.Exists(Provenance) ? JsonFile.ReadObject(Provenance) : null;

    /// <summary>What is wrong with a checkpoint; null for nothing. One without checksums is taken as it is.</summary>
    private static string? Damage(string checkpoint)
    {
        var checksums = Path.Combine(checkpoint, ChecksumFile);
        try
        {
            ReadState(checkpoint);
            if (!File.Exists(checksums))
                return null;
            foreach (var (name, checksum) in JsonNode.Parse(FileReader.ReadText(checksums), documentOptions: Strict)!.AsObject())
            {
                var path = Path.Combine(checkpoint, name);
                if (!File.Exists(path))
                    return $"{path} is missing.";
                if (Checksum(path) != checksum!.GetValue<string>())
                    return $"{path} is damaged: its content is not what was written.";
            }
            return null;
        }
        catch (TrainingException e)
        {
            return e.Message;
        }
        catch (Exception e)
            when (e is JsonException or InvalidOperationException or NullReferenceException or IOException or UnauthorizedAccessException)
        {
            return $"{checksums} is damaged: expected the checksum of each file.";
        }
    }

    private static string Checksum(string path)
    {
        using var file = FileReader.Open(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private IEnumerable<string> Whole() =>
        Directory.Exists(Checkpoints)
            ? Directory
                .GetDirectories(Checkpoints, "step-*")
                .Where(folder => File.Exists(Path.Combine(folder, StateFile)) && !folder.EndsWith(".part", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
            : [];
}
