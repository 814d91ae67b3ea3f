using System.Text.Json.Nodes;
using Rge.Data;
using Rge.Data.Mmeb;
using Rge.Imaging;
using Rge.Models;
using Rge.Training.Batches;
using Rge.Training.Settings;

namespace Rge.Training.Runs;

/// <summary>
/// The rows that a run learns from and measures itself on, read and checked before its first step: folders, rules, weights, whether all
/// images exist, and whether those of the development set can be decoded.
/// </summary>
internal sealed class TrainingData
{
    private const string SkipHint = "data.on_error: skip leaves such rows out";

    private readonly TrainingConfig _config;
    private readonly Action<string>? _remark;

    private TrainingData(TrainingConfig config, Action<string>? remark) => (_config, _remark) = (config, remark);

    /// <summary>Reads and checks.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="measures">Whether the run measures itself, and so needs a development set.</param>
    /// <param name="remark">Receives a remark for rows that are skipped.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="TrainingException">A folder, a dataset or an image is missing or cannot be used.</exception>
    /// <exception cref="DatasetException">A file or row cannot be used.</exception>
    public static async Task<TrainingData> ReadAsync(
        TrainingConfig config,
        bool measures,
        Action<string>? remark,
        CancellationToken cancellationToken
    )
    {
        var data = new TrainingData(config, remark);
        Require(config.Data.Images, "data.images");
        if (config.Data.Folder is { } folder)
            data.Samples = await data.ReadSamplesAsync(folder, cancellationToken);
        if (measures && config.Evaluation.Folder is { } development)
            data.Development = await data.ReadDevelopmentAsync(development, cancellationToken);
        return data;
    }

    /// <summary>The training rows; null where they are drawn from ShapeWorld.</summary>
    public StoredSamples? Samples { get; private set; }

    /// <summary>The development set of files; null where it is drawn from ShapeWorld, and where the run makes no measurement.</summary>
    public IReadOnlyList<EvaluationDataset>? Development { get; private set; }

    /// <summary>The source of the samples of each step.</summary>
    /// <param name="processor">The image processor of the model in training.</param>
    /// <exception cref="TrainingException">A weight is for a dataset that does not exist.</exception>
    public ISampleSource Source(QwenVlProcessor processor) =>
        Samples ?? (ISampleSource)new ShapeWorldSource(_config.Data, _config.Seed, processor);

    /// <summary>The development set: from files, or drawn from ShapeWorld.</summary>
    public IReadOnlyList<EvaluationDataset> MeasuredWith() => Development ?? ShapeWorldSource.Development(_config.Evaluation);

    /// <summary>The training data for <c>run.json</c>: rows of each dataset.</summary>
    public JsonObject Describe() =>
        Samples is null
            ? new JsonObject { ["source"] = "ShapeWorld, drawn without end" }
            : new JsonObject(Samples.Counts.Select(dataset => KeyValuePair.Create(dataset.Key, (JsonNode?)dataset.Value)));

    private async Task<StoredSamples> ReadSamplesAsync(string folder, CancellationToken cancellationToken)
    {
        Require(folder, "data.folder");
        var (found, weights) = (MmebReader.FindTraining(folder), _config.Data.Weights);
        if (weights.Keys.FirstOrDefault(name => found.All(subset => subset.Name != name)) is { } unknown)
            throw new TrainingException(
                $"data.weights names {unknown}, which {folder} does not have; it has "
                    + $"{string.Join(", ", found.Select(subset => subset.Name))}. Give weights for these, or data.weights={{}} for all "
                    + "alike."
            );
        var images = _config.Data.Images ?? folder;
        var reader = Reader(images);
        var samples = new List<TrainingSample>();
        foreach (var subset in found.Where(subset => weights.Count == 0 || weights.TryGetValue(subset.Name, out var weight) && weight > 0))
        foreach (var file in subset.Files)
            samples.AddRange(await reader.ReadTrainingAsync(file, subset.Name, cancellationToken));
        var (missing, pointers) = Missing(
            samples,
            sample => Items(sample).SelectMany(item => item.Images),
            sample => sample.Source,
            $"{images} (data.images)",
            cancellationToken
        );
        if (missing > 0)
            _remark?.Invoke(
                $"{missing} of {samples.Count} training rows show an image that does not exist"
                    + $"{(pointers > 0 ? " or is a Git LFS pointer" : "")}: others take their places."
            );
        return new StoredSamples(samples, _config.Data, _config.Seed);

        IEnumerable<EmbeddingInput> Items(TrainingSample sample) =>
            [
                sample.Query,
                .. sample.Targets.Select(target => target.Item),
                .. _config.Data.HardNegatives ? sample.Negatives.Select(target => target.Item) : [],
            ];
    }

    private async Task<List<EvaluationDataset>> ReadDevelopmentAsync(string folder, CancellationToken cancellationToken)
    {
        Require(folder, "evaluation.folder");
        Require(_config.Evaluation.Images, "evaluation.images");
        var images = _config.Evaluation.Images ?? _config.Data.Images ?? folder;
        var reader = Reader(images);
        var datasets = new List<EvaluationDataset>();
        foreach (var subset in MmebReader.FindEvaluation(folder))
            datasets.Add(await reader.ReadEvaluationAsync(subset, cancellationToken));
        Missing(
            [.. datasets.SelectMany(dataset => dataset.Rows)],
            row => row.Candidates.Prepend(row.Query).SelectMany(item => item.Images),
            row => row.Source,
            $"{images} (evaluation.images)",
            cancellationToken
        );
        var broken = Broken(datasets, cancellationToken);
        datasets =
        [
            .. datasets.Select(dataset =>
                dataset with
                {
                    Rows = [.. dataset.Rows.Select(row => Usable(row, broken)).OfType<EvaluationRow>()],
                }
            ),
        ];
        if (datasets.Find(dataset => dataset.Rows.Count == 0) is { } empty)
            throw new TrainingException($"evaluation.folder: {empty.Name} in {folder} has no row to measure with.");
        return datasets;
    }

    private MmebReader Reader(string images) =>
        new(
            images,
            InstructionRules.Named(_config.Data.QueryRules, InstructionRules.QueryPreset),
            InstructionRules.Named(_config.Data.CandidateRules, InstructionRules.CandidatePreset)
        )
        {
            IgnoredColumns = _config.Data.IgnoreColumns,
        };

    private static void Require(string? folder, string setting)
    {
        if (folder is not null && !Directory.Exists(folder))
            throw new TrainingException($"{setting} is {folder}, which does not exist; expected a folder.");
    }

    /// <summary>
    /// Rows whose image does not exist or is a Git LFS pointer; an error unless such rows are skipped, and always when no image can be
    /// used.
    /// </summary>
    /// <returns>The number of such rows, and how many different images are pointers.</returns>
    private (int Rows, int Pointers) Missing<T>(
        IReadOnlyList<T> rows,
        Func<T, IEnumerable<ImageSource>> images,
        Func<T, string> source,
        string folder,
        CancellationToken cancellationToken
    )
    {
        var problems = new Dictionary<ImageSource, string?>(ReferenceEqualityComparer.Instance);
        var (count, absent, pointers, first, advice) = (0, 0, 0, "", "");
        foreach (var row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (images(row).Select(Problem).FirstOrDefault(problem => problem is not null) is not { } found)
                continue;
            if (count++ == 0)
                (first, advice) = (
                    $"{source(row)}: {found}",
                    pointers > 0 ? "fetch the files with 'git lfs pull'" : $"expected it in {folder}"
                );
        }
        if (absent > 0 && absent == problems.Count)
            throw new TrainingException(
                pointers == 0 ? $"{first}, nor does any other: expected them in {folder}."
                : pointers == absent ? $"{first}, like every other: {advice}."
                : $"{first}, and no other can be used: {advice}."
            );
        if (absent > 0 && _config.Data.OnError == FailureAction.Fail)
            throw new TrainingException(
                $"{first}{(absent > 1 ? $", like {absent} of {problems.Count} in all" : "")}: {advice}; {SkipHint}."
            );
        return (count, pointers);

        string? Problem(ImageSource image)
        {
            if (problems.TryGetValue(image, out var known))
                return known;
            var problem = ImageFiles.Problem(image);
            absent += problem is null ? 0 : 1;
            pointers += problem == ImageFileProblem.Pointer ? 1 : 0;
            return problems[image] = problem switch
            {
                ImageFileProblem.Missing => $"the image {image.Name} does not exist",
                ImageFileProblem.Pointer => $"{image.Name} is a Git LFS pointer in place of an image",
                _ => null,
            };
        }
    }

    /// <summary>
    /// Images of the development set that cannot be decoded. They are decoded at every measurement, so that once more costs little.
    /// </summary>
    private HashSet<ImageSource> Broken(IReadOnlyList<EvaluationDataset> datasets, CancellationToken cancellationToken)
    {
        var (seen, broken) = (
            new HashSet<ImageSource>(ReferenceEqualityComparer.Instance),
            new HashSet<ImageSource>(ReferenceEqualityComparer.Instance)
        );
        foreach (var row in datasets.SelectMany(dataset => dataset.Rows))
        {
            foreach (var image in row.Candidates.Prepend(row.Query).SelectMany(item => item.Images).Where(seen.Add))
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    image.Decode(options: _config.Data.ImageOptions);
                }
                catch (ImageInputException e)
                {
                    if (_config.Data.OnError == FailureAction.Fail)
                        throw new TrainingException($"{row.Source}: {e.Message} Expected images that can be measured with; {SkipHint}.", e);
                    broken.Add(image);
                }
            }
        }
        return broken;
    }

    /// <summary>A row without the candidates that cannot be used; null where its query or right candidate cannot.</summary>
    private EvaluationRow? Usable(EvaluationRow row, HashSet<ImageSource> broken)
    {
        if (broken.Count == 0)
            return row;
        EmbeddingInput[] candidates = [.. row.Candidates.Where(candidate => !candidate.Images.Any(broken.Contains))];
        if (candidates.Length == row.Candidates.Count && !row.Query.Images.Any(broken.Contains))
            return row;
        var isLost = row.Query.Images.Any(broken.Contains) || row.Candidates[0].Images.Any(broken.Contains);
        _remark?.Invoke(
            $"{row.Source}: {(isLost ? "the row is left out of the development set" : "a candidate is left out of the row")}, because "
                + "an image cannot be used."
        );
        return isLost ? null : row with { Candidates = candidates };
    }
}
