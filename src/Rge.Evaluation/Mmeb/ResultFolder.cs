using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Rge.Files;

namespace Rge.Evaluation.Mmeb;

/// <summary>
/// Where the results of one model and its settings are: the output folder itself for the first, <c>models/NAME</c> in it for any other, so
/// that results never replace those of another model. <c>model.json</c> identifies the model.
/// </summary>
public sealed record ResultFolder
{
    private const string MarkFile = "model.json",
        OthersFolder = "models";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private ResultFolder(string path, Mark mark) => (Path, Name, Identity) = (path, mark.Name, mark.Identity);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Name of the model in reports: different for each in an output folder.</summary>
    public string Name { get; }

    /// <summary>As <see cref="MmebEvaluation.Identity"/> has it.</summary>
    public string Identity { get; }

    /// <summary>Lists the results in an output folder, those of the folder itself first.</summary>
    /// <exception cref="EvaluationException">A file is damaged.</exception>
    public static IReadOnlyList<ResultFolder> In(string root)
    {
        var others = System.IO.Path.Combine(root, OthersFolder);
        return
        [
            .. (Directory.Exists(others) ? Directory.GetDirectories(others).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
                .Prepend(root)
                .SelectMany(Owners),
        ];
    }

    /// <summary>Finds the place of a model's results, or makes it.</summary>
    /// <param name="root">The output folder.</param>
    /// <param name="identity">The model and all settings that its results depend on.</param>
    /// <param name="name">What the model is called; a number is added where another is called so.</param>
    /// <exception cref="EvaluationException">A file is damaged.</exception>
    internal static ResultFolder Claim(string root, string identity, string name)
    {
        for (var attempt = 1; ; attempt++)
        {
            var there = In(root);
            // A folder that several runs have written into, as earlier versions allowed, belongs to none of them.
            if (
                there.FirstOrDefault(folder => folder.Identity == identity && there.Count(other => other.Path == folder.Path) == 1) is
                { } known
            )
                return File.Exists(System.IO.Path.Combine(known.Path, MarkFile))
                    ? known
                    : Write(known.Path, new Mark(known.Name, identity)) ?? known;
            var distinct = Distinct(name, there.Select(folder => folder.Name));
            var path = there.Any(folder => folder.Path == root)
                ? System.IO.Path.Combine(root, OthersFolder, InFileName(distinct, attempt))
                : root;
            if (Write(path, new Mark(distinct, identity)) is { } made)
                return made;
        }
    }

    private static IEnumerable<ResultFolder> Owners(string path)
    {
        var mark = System.IO.Path.Combine(path, MarkFile);
        if (File.Exists(mark))
        {
            try
            {
                return
                [
                    new ResultFolder(
                        path,
                        JsonSerializer.Deserialize<Mark>(FileReader.ReadText(mark), Json) ?? throw new JsonException("It is empty.")
                    ),
                ];
            }
            catch (JsonException e)
            {
                throw new EvaluationException(
                    $"{mark} is damaged, expected name and identity of a model: delete the folder {path}, or name another for the output.",
                    e
                );
            }
        }
        // As earlier versions left it: the scores say whose they are.
        var scores = SubsetFolder
            .In(path, reasoning: true)
            .Concat(SubsetFolder.In(path, reasoning: false))
            .Select(folder => folder.ReadScore())
            .OfType<SubsetScore>();
        return scores
            .DistinctBy(score => score.Identity, StringComparer.Ordinal)
            .Select(score => new ResultFolder(path, new Mark(score.Model, score.Identity)));
    }

    /// <summary>Marks a folder; null where another process has marked it meanwhile.</summary>
    private static ResultFolder? Write(string path, Mark mark)
    {
        Directory.CreateDirectory(path);
        var part = System.IO.Path.Combine(path, $"{MarkFile}.{Guid.NewGuid():N}.part");
        File.WriteAllText(part, JsonSerializer.Serialize(mark, Json) + "\n");
        try
        {
            File.Move(part, System.IO.Path.Combine(path, MarkFile), overwrite: false);
            return new ResultFolder(path, mark);
        }
        catch (IOException) when (File.Exists(System.IO.Path.Combine(path, MarkFile)))
        {
            File.Delete(part);
            return null;
        }
    }

    private static string Distinct(string name, IEnumerable<string> others)
    {
        var taken = others.ToHashSet(StringComparer.Ordinal);
        for (var number = 2; ; number++)
        {
            var candidate = number == 2 && !taken.Contains(name) ? name : string.Create(CultureInfo.InvariantCulture, $"{name} ({number})");
            if (!taken.Contains(candidate))
                return candidate;
        }
    }

    private static string InFileName(string name, int attempt) =>
        string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_')).Trim('.')
        + (attempt > 1 ? string.Create(CultureInfo.InvariantCulture, $"-{attempt}") : "");

    private sealed record Mark(string Name, string Identity);
}
