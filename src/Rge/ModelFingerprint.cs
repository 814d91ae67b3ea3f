using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Rge.Models;
using Rge.Text;
using static TorchSharp.torch;

namespace Rge;

/// <summary>
/// A short hash of everything that determines the vector of an item: the sizes and constants of the model, its weights, how images are
/// read, sized and cut, and how tokenizer and chat template write a prompt.
/// </summary>
/// <remarks>
/// Weights are sampled: of each parameter 1,024 values in 16 runs spread over it, and the whole row of <c>&lt;emb&gt;</c>, which may be all
/// that was trained. They are compared as float32, so that file layout, shards and a wider number type make no difference; a narrower one,
/// or a merged adapter, does. Reads 2 MB of a 3B model.
/// </remarks>
public static class ModelFingerprint
{
    private const int Runs = 16,
        ValuesOfRun = 64;

    /// <summary>Hexadecimal digits of a fingerprint: 64 bits, enough to distinguish models unless one is forged.</summary>
    private const int Digits = 16;

    /// <summary>The fingerprint of an embedder's model, as hexadecimal digits; computed once for an embedder.</summary>
    public static string Compute(ReasoningEmbedder embedder)
    {
        ArgumentNullException.ThrowIfNull(embedder);
        return embedder.Identity.Model;
    }

    internal static string Compute(QwenVlModel model, QwenVlProcessor processor, int embToken, ModelPreset preset)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(JsonSerializer.SerializeToUtf8Bytes(model.Config.Text, RgeJsonContext.Default.TextConfig));
        Append(JsonSerializer.SerializeToUtf8Bytes(model.Config.Vision, RgeJsonContext.Default.VisionConfig));
        Append(JsonSerializer.SerializeToUtf8Bytes(processor.Images.Config, RgeJsonContext.Default.ImageProcessorConfig));
        // Only where it is on, so that fingerprints from before there was a choice stay what they are.
        if (processor.Images.Options.ExifOrientation == true)
            Append("upright"u8);
        // Those without a digest are older than presets, and so are their fingerprints.
        if (preset.Digest is { } digest)
            Append(Encoding.UTF8.GetBytes(digest));
        Append(MemoryMarshal.AsBytes<int>([.. processor.Tokenizer.Encode(SamplePrompt(processor.Template, preset)), embToken]));
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var (name, parameter) in model.Parameters.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            Append(Encoding.UTF8.GetBytes(name));
            Append(Values(Sample(parameter)));
        }
        Append(Values(model.EmbedTokens([embToken])));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..Digits];

        // With their length in front, so that no two lists of values read alike.
        void Append(ReadOnlySpan<byte> bytes)
        {
            Span<byte> length = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
    }

    /// <summary>A prompt of the chat template, which shows how template and tokenizer write one.</summary>
    private static PromptText SamplePrompt(ChatTemplate template, ModelPreset preset)
    {
        ChatPart[] parts = [ChatPart.Image, ChatPart.Text("Find the same object: Ägypten, 東京, 42 naïve cats\n")];
        try
        {
            return template.Render(parts);
        }
        catch (CheckpointException) when (preset.Prompt.Template is null)
        {
            // The preset has a prompt of its own: only the tokenizer tells.
            return ChatTemplate.Default.Render(parts);
        }
    }

    private static Tensor Sample(Tensor parameter)
    {
        var flat = parameter.contiguous().view(-1);
        var count = flat.shape[0];
        return count <= Runs * ValuesOfRun ? flat : flat.as_strided([Runs, ValuesOfRun], [(count - ValuesOfRun) / (Runs - 1), 1]);
    }

    private static byte[] Values(Tensor values) => values.to(ScalarType.Float32).cpu().contiguous().bytes.ToArray();
}
