using System.Text.Json.Nodes;
using Rge.Data;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
using Rge.Tests.Shared;
using Rge.Tests.Shared.Oracle;

namespace Rge.Oracle.Tests;

/// <summary>Rationales put to the test of the model that ships.</summary>
public sealed class RationaleVerifierTests : IDisposable
{
    private static readonly string Model = Path.Combine(Golden.RepositoryRoot, "models", "shapeworld");

    private readonly string _root = Directory.CreateTempSubdirectory("rge-verify-").FullName;

    [Fact]
    public async Task Ranks_are_those_of_an_independent_computation_and_true_rationales_help_most()
    {
        TrainingSample[] samples =
        [
            .. Enumerable
                .Range(0, 3)
                .SelectMany(i =>
                    new ShapeWorldSamples(
                        5,
                        WorldSplit.Train,
                        new Dictionary<string, double>(StringComparer.Ordinal) { ["vqa_path"] = 1 }
                    ).Group(i)
                ),
        ];
        OracleRow[] rows = [.. samples.Select((sample, i) => OracleRow.Create(sample, i + 1, "/"))];
        using var embedder = ReasoningEmbedder.Load(Model);
        // All targets are in the pool, so that no draw has to be known.
        var verifier = new RationaleVerifier(embedder, samples, candidates: 1000, seed: 1);
        var verdicts = await verifier.JudgeAsync(
            [.. rows.Select(row => (row, row.Sample.Rationale!))],
            TestContext.Current.CancellationToken
        );

        for (var i = 0; i < rows.Length; i++)
        {
            var sample = samples[i];
            var others = samples
                .Select(other => other.Targets[0])
                .Concat(sample.Negatives)
                .Where(other => other.Key != sample.Targets[0].Key)
                .DistinctBy(other => (other.Key, other.Item))
                .ToArray();
            var (rank, margin) = await RankAsync(sample.Query with { Reasoning = ReasoningMode.Off });
            Assert.Equal((rank, margin), (verdicts[i].RankWithout, verdicts[i].MarginWithout), (a, b) =>
                a.Item1 == b.Item1 && Math.Abs(a.Item2 - b.Item2) < 1e-4
            );
            (rank, margin) = await RankAsync(sample.Query with { Rationale = sample.Rationale });
            Assert.Equal((rank, margin), (verdicts[i].RankWith, verdicts[i].MarginWith), (a, b) =>
                a.Item1 == b.Item1 && Math.Abs(a.Item2 - b.Item2) < 1e-4
            );

            async Task<(int, float)> RankAsync(EmbeddingInput query)
            {
                var vector = (await embedder.EmbedAsync(query)).Vector;
                var targets = await embedder.EmbedAsync([sample.Targets[0].Item, .. others.Select(other => other.Item)]);
                float[] scores = [.. targets.Select(target => Similarity.Cosine(vector.Span, target.Vector.Span))];
                return (1 + scores[1..].Count(score => score > scores[0]), scores[0] - scores[1..].Max());
            }
        }

        var wrong = await verifier.JudgeAsync(
            [.. rows.Select((row, i) => (row, samples[(i + 1) % samples.Length].Rationale!))],
            TestContext.Current.CancellationToken
        );
        Assert.True(
            verdicts.Count(verdict => verdict.Helps) > wrong.Count(verdict => verdict.Helps),
            $"{verdicts.Count(verdict => verdict.Helps)} true and {wrong.Count(verdict => verdict.Helps)} wrong rationales help"
        );
    }

    [Theory]
    [InlineData(3, 2, 0, 0, true)]
    [InlineData(2, 2, -0.3, -0.1, false)]
    [InlineData(2, 3, 0, 0, false)]
    [InlineData(1, 1, 0.2, 0.2, true)]
    [InlineData(1, 1, 0.2, 0.3, true)]
    [InlineData(1, 1, 0.2, 0.1, false)]
    [InlineData(1, 2, 0.2, -0.1, false)]
    public void A_rationale_helps_by_a_better_rank_or_a_first_place_that_is_as_safe(
        int without,
        int with,
        float marginWithout,
        float marginWith,
        bool helps
    ) =>
        Assert.Equal(
            helps,
            new RationaleVerdict
            {
                Dataset = "d",
                Row = 1,
                Key = "k",
                RankWithout = without,
                RankWith = with,
                MarginWithout = marginWithout,
                MarginWith = marginWith,
            }.Helps
        );

    [Fact]
    public async Task The_pool_is_drawn_by_the_seed()
    {
        TrainingSample[] samples = [.. Enumerable.Range(0, 40).Select(i => Sample(i, $"item {i}"))];
        using var embedder = ReasoningEmbedder.Load(Model);
        var row = OracleRow.Create(samples[0], 1, "/");
        var margins = new List<float>();
        foreach (var seed in (ulong[])[1, 1, 2])
            margins.Add(
                (
                    await new RationaleVerifier(embedder, samples, candidates: 3, seed).JudgeAsync(
                        [(row, "so it")],
                        TestContext.Current.CancellationToken
                    )
                )[0].MarginWith
            );
        Assert.Equal(margins[0], margins[1]);
        Assert.NotEqual(margins[0], margins[2]);
    }

    [Fact]
    public async Task Where_there_is_nothing_to_rank_among_a_rationale_is_kept_and_what_cannot_be_embedded_is_not()
    {
        var image = Path.Combine(_root, "broken.png");
        await File.WriteAllTextAsync(image, "no image", TestContext.Current.CancellationToken);
        var (alone, broken) = (
            Sample(1, "item 1"),
            Sample(2, "item 2") with
            {
                Query = EmbeddingInput.Query("look", ImageSource.FromFile(image)),
            }
        );
        using var embedder = ReasoningEmbedder.Load(Model);
        Assert.True(
            (
                await new RationaleVerifier(embedder, [alone], 10, 1).JudgeAsync(
                    [(OracleRow.Create(alone, 1, "/"), "so it")],
                    TestContext.Current.CancellationToken
                )
            )[0].Helps
        );
        var verdicts = await new RationaleVerifier(embedder, [alone, broken], 10, 1).JudgeAsync(
            [(OracleRow.Create(alone, 1, "/"), "so it"), (OracleRow.Create(broken, 2, "/"), "so it")],
            TestContext.Current.CancellationToken
        );
        Assert.Null(verdicts[0].Problem);
        Assert.Contains("broken.png", verdicts[1].Problem, StringComparison.Ordinal);
        Assert.False(verdicts[1].Helps);
    }

    [Fact]
    public async Task A_run_keeps_what_helps_counts_the_rest_and_verifies_nothing_twice()
    {
        await using var oracle = await FakeOracle.StartAsync();
        var (data, output) = (Path.Combine(_root, "data"), Path.Combine(_root, "out"));
        OracleData.Write(data, "first", 20);
        var settings = new RationaleSettings
        {
            Data = data,
            Output = output,
            Verifier = new VerifierSettings
            {
                Model = Model,
                Candidates = 8,
                Seed = 3,
            },
        };
        var report = await RunAsync(settings);

        var verdicts = File.ReadAllLines(Path.Combine(output, "verdicts.jsonl")).Skip(1).Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal(20, verdicts.Length);
        var helped = verdicts.Count(v =>
            (int)v["rank_with"]! < (int)v["rank_without"]!
            || ((int)v["rank_with"]!, (int)v["rank_without"]!) is (1, 1)
                && ((float?)v["margin_with"] ?? 0) >= ((float?)v["margin_without"] ?? 0)
        );
        Assert.InRange(helped, 1, 19);
        Assert.Equal((helped, helped), (report.Kept, File.ReadAllLines(Path.Combine(output, "first", "train.jsonl")).Length));
        Assert.Equal(20 - helped, (int)report.ToJson()["rejected"]!["does not help the model"]!);
        Assert.Equal((20, helped), ((int)report.ToJson()["verification"]!["rows"]!, (int)report.ToJson()["verification"]!["kept"]!));
        Assert.Contains("## What the rationales do for the model", report.ToMarkdown(), StringComparison.Ordinal);

        // As a kill would leave it: half of the verdicts, and a part of a line. The rest comes out as before.
        var journal = Path.Combine(output, "verdicts.jsonl");
        var whole = await File.ReadAllLinesAsync(journal, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            journal,
            string.Join('\n', whole[..11]) + "\n{\"dataset\":\"fir",
            TestContext.Current.CancellationToken
        );
        Assert.Equal(report.ToMarkdown(), (await RunAsync(settings)).ToMarkdown());
        Assert.Equal(whole[..11], (await File.ReadAllLinesAsync(journal, TestContext.Current.CancellationToken))[..11]);
        var before = await File.ReadAllTextAsync(journal, TestContext.Current.CancellationToken);
        await RunAsync(settings);
        Assert.Equal(before, await File.ReadAllTextAsync(journal, TestContext.Current.CancellationToken));

        // With another seed everything is judged anew, and asked is nothing.
        await RunAsync(settings with { Verifier = settings.Verifier with { Seed = 4 } });
        Assert.NotEqual(before, await File.ReadAllTextAsync(journal, TestContext.Current.CancellationToken));
        Assert.Equal(20, oracle.Requests.Count);
        // A folder without a model is found out before anything is asked.
        Assert.Throws<CheckpointException>(() => new RationaleJob(settings with { Verifier = new VerifierSettings { Model = data } }));

        async Task<RationaleReport> RunAsync(RationaleSettings settings)
        {
            using var endpoint = OracleEndpoint.Connect(oracle.Address, "oracle-1", null);
            return await new RationaleJob(settings).RunAsync(endpoint, OraclePrompt.Default, TestContext.Current.CancellationToken);
        }
    }

    private static TrainingSample Sample(int number, string target) =>
        new()
        {
            Dataset = "d",
            Source = $"row {number}",
            Query = EmbeddingInput.Query($"query number {number}"),
            Targets = [new TargetItem(EmbeddingInput.Target(target), target)],
        };

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
