using System.Numerics.Tensors;
using Rge.Data;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;

namespace Rge.Evaluation.Tests;

/// <summary>What is embedded in the place of queries, compared with the same done by hand.</summary>
public sealed class EvaluatorTests(ShippedModel model) : IClassFixture<ShippedModel>
{
    private static readonly IReadOnlyList<EvaluationDataset> Datasets = ShapeWorldEvaluation.Create(
        WorldSplit.Test,
        5,
        3,
        ["cls_major", "vqa_path", "grd_twin"]
    );

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(QueryRationale.ConclusionAsTarget)]
    [InlineData(QueryRationale.RationaleAsTarget)]
    [InlineData(QueryRationale.Shuffled)]
    [InlineData(QueryRationale.Filler)]
    public async Task Something_else_is_embedded_in_the_place_of_queries(QueryRationale queries)
    {
        var outcome = await new Evaluator(model.Embedder).RunAsync(Datasets, queries, cancellationToken: Token);
        var written = await new Evaluator(model.Embedder).RunAsync(Datasets, cancellationToken: Token);
        foreach (var (dataset, (scored, own)) in Datasets.Zip(outcome.Datasets.Zip(written.Datasets)))
        {
            string[] rationales = [.. own.Rows.Select(row => row.Rationale!.Trim())];
            Assert.Equal(3, rationales.Distinct().Count(rationale => rationale.Length > 0));
            Assert.Equal(own.Rows.Select(row => row.RationaleTokens), scored.Rows.Select(row => row.RationaleTokens));
            Assert.Equal(own.Rows.Select(row => row.Rationale), scored.Rows.Select(row => row.Rationale));
            foreach (var (i, row) in dataset.Rows.Index())
            {
                Assert.Equal(await RankAsync(row, Expected(queries, dataset, rationales, i)), scored.Rows[i].Rank);
            }
        }
    }

    [Fact]
    public void A_filler_has_as_many_tokens_as_the_rationale()
    {
        var tokenizer = model.Embedder.Processor.Tokenizer;
        string[] rationales = ["so a", "northwest red star so red", "x"];
        var fillers = QuerySubstitutes.For(QueryRationale.Filler, Datasets[0], rationales, tokenizer).ToArray();
        for (var i = 0; i < fillers.Length; i++)
        {
            var ids = tokenizer.Encode(fillers[i]!.Rationale!);
            Assert.Equal(tokenizer.Encode(rationales[i]).Length, ids.Length);
            Assert.Single(ids.Distinct());
            Assert.Same(Datasets[0].Rows[i].Query.Images[0], fillers[i]!.Images[0]);
        }
    }

    [Fact]
    public void A_query_without_a_rationale_keeps_its_embedding_and_lends_nothing_to_others()
    {
        var dataset = Datasets[1];
        string?[] written = ["so a", " ", "so b"];
        string?[] Substitutes(QueryRationale queries) =>
            [
                .. QuerySubstitutes
                    .For(queries, dataset, written, model.Embedder.Processor.Tokenizer)
                    .Select(item => item?.Rationale ?? item?.Text),
            ];
        Assert.Equal(["so b", null, "so a"], Substitutes(QueryRationale.Shuffled));
        Assert.Equal(["a", null, "b"], Substitutes(QueryRationale.ConclusionAsTarget));
        Assert.Equal(["so a", null, "so b"], Substitutes(QueryRationale.RationaleAsTarget));
    }

    [Fact]
    public async Task Rationales_of_one_row_cannot_be_exchanged() =>
        Assert.Equal(
            "vqa_path has one row, expected at least 2 that can exchange their rationales.",
            (
                await Assert.ThrowsAsync<DatasetException>(() =>
                    new Evaluator(model.Embedder).RunAsync(
                        [Datasets[1] with { Rows = [Datasets[1].Rows[0]] }],
                        QueryRationale.Shuffled,
                        cancellationToken: Token
                    )
                )
            ).Message
        );

    [Fact]
    public async Task Progress_counts_both_parts_of_the_work()
    {
        var reports = new List<EmbeddingProgress>();
        await new Evaluator(model.Embedder).RunAsync(
            [Datasets[1]],
            QueryRationale.RationaleAsTarget,
            new Files.Relay<EmbeddingProgress>(report =>
            {
                lock (reports)
                    reports.Add(report);
            }),
            Token
        );
        Assert.All(reports, report => Assert.Equal(130 + 3 + 3, report.Total));
        Assert.Equal(130 + 3 + 3, reports.Max(report => report.Completed));
    }

    private EmbeddingInput Expected(QueryRationale queries, EvaluationDataset dataset, string[] rationales, int i)
    {
        var (conclusion, query) = (Rationales.Conclusion(rationales[i]), dataset.Rows[i].Query);
        return queries switch
        {
            QueryRationale.ConclusionAsTarget => EmbeddingInput.Target(dataset.Name == "cls_major" ? $"{conclusion} class" : conclusion),
            QueryRationale.RationaleAsTarget => EmbeddingInput.Target(rationales[i]),
            QueryRationale.Shuffled => query with { Rationale = rationales[(i + 1) % rationales.Length] },
            // Every word is one token of the model.
            _ => query with { Rationale = string.Concat(rationales[i].Split(' ').Select(_ => " the")) },
        };
    }

    private async Task<int> RankAsync(EvaluationRow row, EmbeddingInput query)
    {
        var embedded = await model.Embedder.EmbedAsync([.. row.Candidates, query], cancellationToken: Token);
        float[] scores = [.. embedded[..^1].Select(item => TensorPrimitives.Dot(item.Vector.Span, embedded[^1].Vector.Span))];
        return 1 + scores.Count(score => score > scores[0]);
    }
}
