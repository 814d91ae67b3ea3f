using System.Text.Json.Nodes;
using Rge.Models;
using Rge.Models.Checkpoints;
using Rge.Text;
using Rge.Training.Runs;
using static TorchSharp.torch;

namespace Rge.Training.Tests;

public sealed class EmbTokenCheckpointTests : IDisposable
{
    private const string Head = "lm_head.weight";

    private readonly string _root = Directory.CreateTempSubdirectory("rge-emb-").FullName;

    private string Stock => Path.Combine(_root, "stock");

    private string Copy => Path.Combine(_root, "copy");

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_checkpoint_without_the_token_gets_it_with_the_mean_of_all_others(bool hasHead, bool isFull)
    {
        var tokens = WriteStock(hasHead, isFull);
        Assert.False(EmbTokenCheckpoint.Has(Stock));
        EmbTokenCheckpoint.Write(Stock, Copy);

        Assert.True(EmbTokenCheckpoint.Has(Copy));
        Assert.Equal(tokens, QwenTokenizer.Load(Copy).SpecialTokens["<emb>"]);
        var rows = isFull ? tokens + 1 : ModelShape.Tiny.VocabSize;
        Assert.Equal(
            rows,
            (int)
                JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Copy, "config.json"), TestContext.Current.CancellationToken))![
                    "vocab_size"
                ]!
        );
        using (var scope = NewDisposeScope())
        using (
            Checkpoint before = Checkpoint.Open(Stock),
                after = Checkpoint.Open(Copy)
        )
        {
            Assert.Equal(before.Names.Order(StringComparer.Ordinal), after.Names.Order(StringComparer.Ordinal));
            foreach (var name in before.Names)
            {
                var (old, changed) = (before.Read(name), after.Read(name));
                if (name is not (Head or "model.language_model.embed_tokens.weight"))
                {
                    Assert.True(old.shape.SequenceEqual(changed.shape) && old.bytes.SequenceEqual(changed.bytes), name);
                    continue;
                }
                Assert.Equal([rows, old.shape[1]], changed.shape);
                Assert.True(
                    old.narrow(0, 0, tokens).contiguous().bytes.SequenceEqual(changed.narrow(0, 0, tokens).contiguous().bytes),
                    name
                );
                var mean = old.narrow(0, 0, tokens).to(ScalarType.Float64).mean([0]).data<double>().ToArray();
                Assert.Equal(mean, changed[tokens].to(ScalarType.Float64).data<double>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-7);
            }
        }
        using var embedder = ReasoningEmbedder.Load(Copy);
        Assert.Equal(tokens, embedder.EmbTokenId);
        Assert.Equal(
            ModelShape.Tiny.HiddenSize,
            (await embedder.EmbedAsync(EmbeddingInput.Query("a fish"), cancellationToken: TestContext.Current.CancellationToken))
                .Vector
                .Length
        );
    }

    /// <summary>Writes a checkpoint as Qwen's own are, and says how many tokens its tokenizer has.</summary>
    private int WriteStock(bool hasHead, bool isFull)
    {
        RandomCheckpoint.Write(
            Stock,
            ModelShape.Tiny with
            {
                Layers = 1,
                VisionDepth = 1,
                FullAttentionBlocks = [0],
            },
            seed: 5,
            ScalarType.Float32
        );
        foreach (var name in (string[])["tokenizer.json", "tokenizer_config.json"])
            Change(name, json =>
            {
                foreach (var list in (string[])["added_tokens", "extra_special_tokens"])
                    if (json[list] is JsonArray all)
                        all.RemoveAt(all.Count - 1);
            });
        var tokenizer = QwenTokenizer.Load(Stock);
        while (isFull && tokenizer.VocabularySize < ModelShape.Tiny.VocabSize)
            tokenizer = tokenizer.WithToken($"<spare_{tokenizer.VocabularySize}>");
        if (isFull)
        {
            var full = Directory.CreateDirectory(Path.Combine(_root, "full")).FullName;
            tokenizer.Save(full);
            foreach (var file in Directory.GetFiles(full))
                File.Copy(file, Path.Combine(Stock, Path.GetFileName(file)), overwrite: true);
        }
        if (!hasHead)
            return tokenizer.VocabularySize;

        Change("config.json", json => json["tie_word_embeddings"] = false);
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(Stock);
        var tensors = checkpoint.Names.ToDictionary(name => name, name => checkpoint.Read(name), StringComparer.Ordinal);
        tensors.Add(Head, randn(tensors["model.language_model.embed_tokens.weight"].shape));
        Checkpoint.Save(Stock, tensors, checkpoint.Naming);
        return tokenizer.VocabularySize;
    }

    private void Change(string file, Action<JsonNode> change)
    {
        var path = Path.Combine(Stock, file);
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
