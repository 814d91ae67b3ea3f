using System.Text.Json.Nodes;
using Rge.Data.Mmeb;
using Rge.Evaluation.Mmeb;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
using Rge.Tests.Shared;

namespace Rge.Evaluation.Tests.Mmeb;

/// <summary>What takes the place of queries once their rationales are written.</summary>
public sealed class MmebAblationTests : IClassFixture<ShippedModel>, IDisposable
{
    private readonly ReasoningEmbedder _embedder;
    private readonly ScratchFolder _scratch = new();
    private readonly EmbeddingCache _cache;

    public MmebAblationTests(ShippedModel model) => (_embedder, _cache) = (model.Embedder, new EmbeddingCache(_scratch["cache"]));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _cache.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [InlineData(QueryRationale.ConclusionAsTarget)]
    [InlineData(QueryRationale.RationaleAsTarget)]
    [InlineData(QueryRationale.Shuffled)]
    [InlineData(QueryRationale.Filler)]
    public async Task It_has_the_ranks_that_it_has_in_memory(QueryRationale queries)
    {
        await WriteAsync("cls_row", "vqa_path", "ret_twin");
        var last = (Done: 0L, Total: 0L);
        var run = Evaluation(queries);
        await run.RunAsync(new Rge.Files.Relay<MmebProgress>(progress => last = (progress.Completed, progress.Total)), Token);
        Assert.Equal(last.Total, last.Done);
        var outcome = await new Evaluator(_embedder).RunAsync(
            await MmebReader.ReadEvaluationFolderAsync(_scratch["world"]),
            queries,
            cancellationToken: Token
        );
        foreach (var dataset in outcome.Datasets)
        {
            Assert.All(dataset.Rows, row => Assert.NotEmpty(row.Rationale!));
            Assert.Equal(
                dataset.Rows.Select(row => (row.Rank, row.Rationale, row.RationaleTokens)),
                (await File.ReadAllLinesAsync(_scratch[$"out/on/{dataset.Name}/predictions.jsonl"], Token))
                    .Select(line => JsonNode.Parse(line)!)
                    .Select(line => ((int)line["rank"]!, (string?)line["rationale"], (int)line["rationale_tokens"]!))
            );
        }
    }

    [Fact]
    public async Task It_is_a_result_of_its_own()
    {
        await WriteAsync("cls_row");
        var identities = new HashSet<string>();
        foreach (var queries in (QueryRationale[])[QueryRationale.Written, QueryRationale.RationaleAsTarget, QueryRationale.Shuffled])
        {
            var run = Evaluation(queries);
            await run.RunAsync(cancellationToken: Token);
            identities.Add(run.Identity);
        }
        Assert.Equal(3, identities.Count);
        Assert.Equal(2, Directory.GetDirectories(_scratch["out/models"]).Length);
    }

    [Fact]
    public async Task Sensitivity_compares_the_same_queries_after_other_rationales()
    {
        await WriteAsync("cls_row", "vqa_path");
        var last = (Done: 0L, Total: 0L);
        var scores = await Evaluation(QueryRationale.Written, sensitivity: true)
            .RunAsync(new Rge.Files.Relay<MmebProgress>(progress => last = (progress.Completed, progress.Total)), Token);
        Assert.Equal(last.Total, last.Done);
        var datasets = await MmebReader.ReadEvaluationFolderAsync(_scratch["world"]);
        var evaluator = new Evaluator(_embedder);
        var own = await evaluator.RunAsync(datasets, cancellationToken: Token);
        var other = await evaluator.RunAsync(datasets, QueryRationale.Shuffled, cancellationToken: Token);
        var oracle = await evaluator.RunAsync(datasets, QueryRationale.Oracle, cancellationToken: Token);
        foreach (var (i, score) in scores.Index())
        {
            var (others, oracles) = (score.Sensitivity!.Other!, score.Sensitivity.Oracle!);
            Assert.Equal((3, own.Datasets[i].HitAt1, other.Datasets[i].HitAt1), (others.Rows, others.HitAt1Own, others.HitAt1));
            Assert.Equal((3, own.Datasets[i].HitAt1, oracle.Datasets[i].HitAt1), (oracles.Rows, oracles.HitAt1Own, oracles.HitAt1));
            Assert.InRange(others.Cosine, -1, 0.999);
            // Where the model writes what the oracle wrote, nothing moves.
            Assert.InRange(oracles.Cosine, others.Cosine + 1e-6, 1.000001);
            var vectors = await _embedder.EmbedAsync(
                [
                    .. datasets[i].Rows.Select((row, n) => row.Query with { Rationale = own.Datasets[i].Rows[n].Rationale }),
                    .. datasets[i].Rows.Select(row => row.Query with { Rationale = row.Rationale }),
                ],
                cancellationToken: Token
            );
            var cosine = Enumerable.Range(0, 3).Average(n => Similarity.Cosine(vectors[n].Vector.Span, vectors[n + 3].Vector.Span));
            Assert.Equal(cosine, oracles.Cosine, 1e-4);
        }
        new MmebReport(_scratch["out"]).Write();
        Assert.Contains(
            "How much embeddings follow their rationales",
            await File.ReadAllTextAsync(_scratch["out/report.md"], Token),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(QueryRationale.Shuffled, false, "Queries is Shuffled, which needs written rationales, but reasoning is off.")]
    [InlineData(QueryRationale.None, true, "Queries is None, expected Written, Auto or what takes the place of queries.")]
    [InlineData(QueryRationale.Oracle, true, "Queries is Oracle, expected Written, Auto or what takes the place of queries.")]
    public async Task What_makes_no_sense_is_refused(QueryRationale queries, bool reasoning, string message)
    {
        await WriteAsync("cls_row");
        Assert.StartsWith(
            message,
            Assert.Throws<ArgumentException>(() => Evaluation(queries, reasoning)).Message,
            StringComparison.Ordinal
        );
    }

    private Task WriteAsync(params string[] datasets) => ShapeWorldFiles.WriteAsync(_scratch["world"], WorldSplit.Test, 5, 3, datasets);

    private MmebEvaluation Evaluation(QueryRationale queries, bool reasoning = true, bool sensitivity = false) =>
        new(
            _embedder,
            _cache,
            new MmebEvaluationOptions
            {
                Subsets = MmebReader.FindEvaluation(_scratch["world"]),
                ImageFolder = _scratch["world"],
                OutputFolder = _scratch["out"],
                ModelIdentity = "shipped",
                Reasoning = reasoning,
                Queries = queries,
                MeasuresSensitivity = sensitivity,
                Generation = _embedder.Generation,
            }
        );
}
