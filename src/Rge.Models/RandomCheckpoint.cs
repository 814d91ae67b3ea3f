using System.Text.Json.Nodes;
using Rge.Files;
using Rge.Models.Checkpoints;
using Rge.Models.Tensors;
using Rge.Text;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>Writes checkpoints whose weights are random: complete folders that this library and transformers load.</summary>
public static class RandomCheckpoint
{
    private const double Deviation = 0.02;

    /// <summary>Rows of the vocabulary that single bytes take, and those kept for special tokens.</summary>
    private const int ByteTokens = 256,
        SpecialRows = 20;

    /// <summary>Writes config, tokenizer, processor settings and weights.</summary>
    /// <param name="folder">Folder to write; made when needed.</param>
    /// <param name="shape">Size of the model.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="dtype">Number type of the weights.</param>
    /// <param name="merges">Merges of the tokenizer, as <see cref="BytePairFiles.Write"/> takes them; <see langword="null"/> fills the
    /// vocabulary with letter strings.</param>
    /// <param name="chatTemplate">The chat template (Jinja); <see langword="null"/> for that of Qwen2-VL.</param>
    /// <param name="cancellationToken">Stops between tensors; the folder then has no weights.</param>
    /// <exception cref="CheckpointException">The folder already contains a checkpoint.</exception>
    /// <exception cref="ArgumentException">The vocabulary has no room for the merges, or the shape's family is not written.</exception>
    public static void Write(
        string folder,
        ModelShape shape,
        int seed,
        ScalarType dtype,
        IReadOnlyList<(string Left, string Right)>? merges = null,
        string? chatTemplate = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(shape);
        TorchLibrary.Require();
        var random = RandomConfig.Of(shape);
        merges ??= BytePairFiles.LetterMerges(shape.VocabSize - SpecialRows - ByteTokens);
        if (ByteTokens + merges.Count + SpecialRows > shape.VocabSize)
            throw new ArgumentException(
                $"{merges.Count} merges do not fit a vocabulary of {shape.VocabSize}, which has {ByteTokens} bytes and {SpecialRows} "
                    + "special tokens.",
                nameof(merges)
            );
        if (File.Exists(Path.Combine(folder, QwenVlConfig.FileName)))
            throw new CheckpointException($"{folder} already contains a checkpoint.");
        Directory.CreateDirectory(folder);
        BytePairFiles.Write(folder, merges, random.TokenizerClass);
        if (chatTemplate is not null)
            AtomicFile.WriteText(Path.Combine(folder, "chat_template.jinja"), chatTemplate);
        AtomicFile.WriteJson(Path.Combine(folder, "preprocessor_config.json"), random.Preprocessor());
        AtomicFile.WriteJson(
            Path.Combine(folder, "generation_config.json"),
            new JsonObject
            {
                ["do_sample"] = true,
                ["temperature"] = 1e-6,
                ["repetition_penalty"] = 1.05,
            }
        );
        var json = random.Config(dtype, firstSpecial: ByteTokens + merges.Count);
        var config = QwenVlConfig.Parse(json, Path.Combine(folder, QwenVlConfig.FileName));
        using var generator = new Generator((ulong)seed);
        using var scope = NewDisposeScope();
        var float32 = ParameterLayout.Float32Names(config);
        var weights = ParameterLayout.Create(config).ToDictionary(p => p.Key, p => Fill(p.Key, p.Value), StringComparer.Ordinal);
        var naming = FamilyRegistry.Definition(shape.Family).Naming;
        Checkpoint.Save(folder, weights, naming, cancellation: cancellationToken);

        // Last, because a folder counts as a checkpoint once it has a config.
        AtomicFile.WriteJson(Path.Combine(folder, QwenVlConfig.FileName), json);

        Tensor Fill(string name, long[] size)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var isNorm = size.Length == 1 && name.EndsWith(".weight", StringComparison.Ordinal);
            using var values =
                isNorm ? random.NormWeight(name, size)
                : name.EndsWith("A_log", StringComparison.Ordinal) ? MemorySpans(size[0])
                : randn(size, generator: generator).Mul_(Deviation);
            return values.to(float32.Contains(name) ? ScalarType.Float32 : dtype, copy: true);
        }
    }

    /// <summary>Logarithms of the decay rates of a gated delta net's heads, from a memory of some hundred tokens to one of a few.</summary>
    private static Tensor MemorySpans(long heads) => linspace(Math.Log(0.01), Math.Log(1), heads, ScalarType.Float32);
}
