using System.Text.Json.Nodes;
using Rge.Files;
using Rge.Models;
using Rge.Models.Checkpoints;
using Rge.Models.Tensors;
using Rge.Text;
using static TorchSharp.torch;

namespace Rge.Training.Runs;

/// <summary>
/// A copy of a checkpoint whose tokenizer knows <c>&lt;emb&gt;</c>: what training starts with where a stock Qwen-VL lacks it. The token
/// takes the next free id; its row of the embedding, and of the output projection where that has weights of its own, is the mean of the
/// rows of all other tokens. Most checkpoints have rows to spare; where not, one is appended.
/// </summary>
internal static class EmbTokenCheckpoint
{
    /// <summary>Rows that are converted at once.</summary>
    private const int RowsAtOnce = 1 << 13;

    /// <summary>Whether a checkpoint's tokenizer has the token.</summary>
    /// <exception cref="CheckpointException">The tokenizer cannot be read.</exception>
    public static bool Has(string folder) => QwenTokenizer.Load(folder).SpecialTokens.ContainsKey(ReasoningEmbedder.EmbToken);

    /// <summary>Writes the copy.</summary>
    /// <exception cref="CheckpointException">The checkpoint cannot be used, or the copy not be written.</exception>
    public static void Write(string source, string target)
    {
        var config = JsonFile.ReadObject(Path.Combine(source, QwenVlConfig.FileName));
        QwenVlConfig.Load(source);
        var tokenizer = QwenTokenizer.Load(source);
        var extended = tokenizer.WithToken(ReasoningEmbedder.EmbToken);
        var (tokens, id) = (tokenizer.VocabularySize, extended.SpecialTokens[ReasoningEmbedder.EmbToken]);
        Directory.CreateDirectory(target);
        CheckpointFiles.CopyBeside(source, target);
        extended.Save(target);

        using var scope = NewDisposeScope();
        using var gradients = no_grad();
        using var checkpoint = Checkpoint.Open(source);
        var tensors = checkpoint.Names.ToDictionary(name => name, checkpoint.Map, StringComparer.Ordinal);
        var rows = 0L;
        foreach (var name in (string[])[ParameterLayout.TokenEmbedding, ParameterLayout.OutputProjection])
        {
            if (!tensors.TryGetValue(name, out var tensor))
                continue;
            tensors[name] = WithRow(tensor, tokens, id);
            rows = tensors[name].shape[0];
        }
        Checkpoint.Save(target, tensors, checkpoint.Naming);

        foreach (var section in (JsonObject?[])[config, config["text_config"] as JsonObject])
            if (section?["vocab_size"] is not null)
                section["vocab_size"] = rows;
        // Last, because a folder counts as a checkpoint once it has a config.
        AtomicFile.WriteJson(Path.Combine(target, QwenVlConfig.FileName), config);
    }

    /// <summary>A copy with a row for the token: the mean of the rows of the tokens that there are.</summary>
    private static Tensor WithRow(Tensor tensor, long tokens, long id)
    {
        var used = Math.Min(tokens, tensor.shape[0]);
        var sum = zeros([tensor.shape[1]], ScalarType.Float64);
        for (var first = 0L; first < used; first += RowsAtOnce)
        {
            using var part = tensor.narrow(0, first, Math.Min(RowsAtOnce, used - first)).to(ScalarType.Float64);
            sum.Add_(part.sum([0]));
        }
        var mean = sum.Over(used).to(tensor.dtype).unsqueeze(0);
        var missing = Math.Max(0, id + 1 - tensor.shape[0]);
        var whole = missing == 0 ? tensor.clone() : cat([tensor, mean.expand(missing, -1)], 0);
        whole.narrow(0, id, 1).copy_(mean);
        return whole;
    }
}
