using Rge.Imaging;
using Rge.Models;
using Rge.Prompts;
using Rge.Tests.Shared;
using Rge.Tests.Shared.Embedders;

namespace Rge.Tests.Presets;

public sealed class RerankerTests
{
    private const string Family = "qwen3_vl";

    /// <summary>Cases with videos, which no item can have.</summary>
    private static readonly string[] LeftOut = ["video"];

    [Fact]
    public async Task Prompts_and_scores_equal_those_of_the_published_code()
    {
        var cases = PresetCase.Read(Family).Where(item => item.Score is not null && !LeftOut.Contains(item.Name)).ToArray();
        var folder = Golden.Require("presets", Family, "model");
        var config = QwenVlConfig.Load(folder);
        using var reranker = Load(folder);
        foreach (var item in cases)
        {
            var (query, document) = (Item(item.Query!) with { Instruction = item.Instruction }, Item(item.Document!));
            var processor = PresetProcessor.Apply(reranker.Preset, QwenVlProcessor.Load(folder), options: null);
            var prompts = new PairPrompts(config, processor, reranker.Preset, maxTokens: null);
            ImageGrid[] grids =
            [
                .. prompts.InOrder(query.Images, document.Images).Select(image => image.Load(processor.Images, ImageLimits.Default).Grid),
            ];
            Assert.Equal(item.Prompt, prompts.Text(query, document).ToString());
            Assert.Equal(item.ImageGrids, grids.Select(grid => (int[])[grid.Temporal, grid.Height, grid.Width]));
            Assert.Equal(item.InputIds, prompts.Build(query, document, grids));
            var result = Assert.Single(
                await reranker.ScoreAsync(query, [document], cancellationToken: TestContext.Current.CancellationToken)
            );
            Assert.Equal(item.Score!.Value, result.Score, 1e-4);
            Assert.Equal(item.InputIds.Length, result.PromptTokens);
        }
        Assert.Equal(5, cases.Length);
    }

    [Fact]
    public async Task Documents_of_a_call_do_not_depend_on_each_other_and_a_failure_is_one_documents()
    {
        using var reranker = Load(Golden.Require("presets", Family, "model"));
        var query = EmbeddingInput.Query("a dog", EmbedderFixture.Image(1));
        EmbeddingInput[] documents =
        [
            EmbeddingInput.Target("a cat"),
            EmbeddingInput.Target(null, EmbedderFixture.Image(2)),
            EmbeddingInput.Target(null, ImageSource.FromFile("missing.png")),
            EmbeddingInput.Target("a dog at the sea", EmbedderFixture.Image(1)),
        ];
        var done = new List<int>();
        var results = await reranker.TryScoreAsync(query, documents, new Listener<int>(done.Add), TestContext.Current.CancellationToken);
        Assert.Equal([1, 2, 3, 4], done.Order());
        Assert.Equal([0, 1, 2, 3], results.Select(result => result.Index));
        Assert.Contains("missing.png", results[2].Error!.Message, StringComparison.Ordinal);
        Assert.Equal(2, results[2].Error!.ItemIndex);
        foreach (var i in (int[])[0, 1, 3])
        {
            var alone = await reranker.ScoreAsync(query, [documents[i]], cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(alone[0].Score, results[i].Score, 1e-5);
        }
        await Assert.ThrowsAsync<ImageInputException>(() => reranker.ScoreAsync(query, documents));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            reranker.ScoreAsync(query, documents, cancellationToken: new CancellationToken(canceled: true))
        );
        Assert.Empty(await reranker.ScoreAsync(query, [], cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_first_document_that_fails_ends_a_call_that_does_not_collect_failures()
    {
        var options = new RerankerOptions { Preset = ModelPreset.Qwen3VlReranker, PrefetchItems = 1 };
        using var reranker = Reranker.Load(Golden.Require("presets", Family, "model"), options);
        EmbeddingInput[] documents =
        [
            EmbeddingInput.Target("a cat"),
            EmbeddingInput.Target(null, ImageSource.FromFile("missing.png")),
            EmbeddingInput.Target("a dog"),
        ];
        var done = new List<int>();
        var error = await Assert.ThrowsAsync<ImageInputException>(() =>
            reranker.ScoreAsync(EmbeddingInput.Query("a dog"), documents, new Listener<int>(done.Add))
        );
        Assert.Equal(1, error.ItemIndex);
        Assert.Equal([1], done);
    }

    [Fact]
    public async Task What_no_item_can_have_is_refused_of_query_and_document()
    {
        using var reranker = Load(Golden.Require("presets", Family, "model"));
        var query = EmbeddingInput.Query("a dog");
        EmbeddingInput[] documents = [EmbeddingInput.Target("a cat"), null!, EmbeddingInput.Target("a", [null!])];
        var results = await reranker.TryScoreAsync(query, documents, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(results[0].Succeeded);
        Assert.Contains("The document is null, expected an EmbeddingInput.", results[1].Error!.Message, StringComparison.Ordinal);
        Assert.Contains("Images[0] of the document is null", results[2].Error!.Message, StringComparison.Ordinal);
        foreach (var bad in (EmbeddingInput[])[EmbeddingInput.Query("a", [null!]), query with { Role = (ItemRole)9 }])
        {
            var error = await Assert.ThrowsAsync<EmbeddingException>(() => reranker.TryScoreAsync(bad, documents[..1]));
            Assert.Contains("query", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_is_no_reranker_is_refused()
    {
        var folder = Golden.Require("presets", Family, "model");
        var error = Assert.Throws<CheckpointException>(() => Reranker.Load(folder));
        Assert.Contains("has the token <emb>, so it is not recognised as a reranker", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Reranker.Load(folder, new RerankerOptions { Preset = ModelPreset.Rge }));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Reranker.Load(folder, new RerankerOptions { Preset = ModelPreset.Qwen3VlReranker, MaxPromptTokens = 0 })
        );
        var unknown = ModelPreset.Qwen3VlReranker with { Score = new("yes", "neverthelessnot") };
        var missing = Assert.Throws<CheckpointException>(() => Reranker.Load(folder, new RerankerOptions { Preset = unknown }));
        Assert.Contains("no token 'neverthelessnot'", missing.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() =>
            ReasoningEmbedder.Load(folder, new ReasoningEmbedderOptions { Preset = ModelPreset.Qwen3VlReranker })
        );
    }

    private static Reranker Load(string folder) => Reranker.Load(folder, new RerankerOptions { Preset = ModelPreset.Qwen3VlReranker });

    private static EmbeddingInput Item(PresetCase.Side side) =>
        new()
        {
            Content =
            [
                .. side.Images.Select(name => new ImagePart(ImageSource.FromFile(Golden.Require("presets", Family, "images", name)))),
                .. side.Text is { } text ? [new TextPart(text)] : (ContentPart[])[],
            ],
        };

    private sealed class Listener<T>(Action<T> listen) : IProgress<T>
    {
        public void Report(T value)
        {
            lock (this)
                listen(value);
        }
    }
}
