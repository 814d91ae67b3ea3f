using Rge.Data;
using Rge.Data.Mmeb;
using Rge.Evaluation.Mmeb;

namespace Rge.Evaluation.Tests.Mmeb;

/// <summary>A test of whole evaluations of a random model on a few rows of ShapeWorld in MMEB's form.</summary>
public abstract class MmebEvaluationTest(EvaluationWorld world) : IClassFixture<EvaluationWorld>, IDisposable
{
    protected EvaluationWorld World { get; } = world;

    /// <summary>A folder for the test, deleted with it.</summary>
    protected string Out { get; } = Directory.CreateTempSubdirectory("rge-eval-").FullName;

    public void Dispose()
    {
        Directory.Delete(Out, recursive: true);
        GC.SuppressFinalize(this);
    }

    private protected async Task<IReadOnlyList<SubsetScore>> RunAsync(
        string output,
        string[]? subsets = null,
        string? cache = null,
        string? images = null,
        FailedItems failedItems = FailedItems.Fail,
        bool reasoning = true,
        string model = "tiny",
        EmbeddingFormat embeddings = EmbeddingFormat.None,
        IProgress<MmebProgress>? progress = null,
        string? data = null,
        List<string>? unusable = null,
        CancellationToken cancellationToken = default
    )
    {
        using var store = new EmbeddingCache(Path.Combine(Out, cache ?? output, "cache"));
        var evaluation = new MmebEvaluation(
            World.Embedder,
            store,
            new MmebEvaluationOptions
            {
                Subsets = [.. MmebReader.FindEvaluation(data ?? World.Folder).Where(subset => subsets?.Contains(subset.Name) ?? true)],
                ImageFolder = images ?? World.Folder,
                OutputFolder = Path.Combine(Out, output),
                ModelIdentity = model,
                Reasoning = reasoning,
                Generation = EvaluationWorld.Generation,
                FailedItems = failedItems,
                Embeddings = embeddings,
                SampleRows = 3,
            }
        );
        var scores = await evaluation.RunAsync(progress, cancellationToken);
        unusable?.AddRange(evaluation.Unusable);
        return scores;
    }

    protected string CopyImages()
    {
        var images = Path.Combine(Out, "images");
        foreach (var file in Directory.GetFiles(World.Folder, "*.png", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(images, Path.GetRelativePath(World.Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return images;
    }

    protected async Task<IReadOnlyList<EvaluationRow>> RowsAsync(string images, string subset) =>
        (
            await new MmebReader(images).ReadEvaluationAsync(MmebReader.FindEvaluation(World.Folder).Single(found => found.Name == subset))
        ).Rows;

    protected string Predictions(string output, string subset) =>
        File.ReadAllText(Path.Combine(Out, output, "on", subset, "predictions.jsonl"));

    private protected sealed class Callback(Action<MmebProgress> report) : IProgress<MmebProgress>
    {
        public void Report(MmebProgress value) => report(value);
    }
}
