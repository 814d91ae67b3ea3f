using System.Text.Json.Nodes;
using Rge.Files;
using Rge.Models;
using Rge.ShapeWorld;
using static TorchSharp.torch;

namespace Rge.Training;

/// <summary>A new model for ShapeWorld: small enough to train on a CPU, with a tokenizer of ShapeWorld's words.</summary>
public static class ShapeWorldCheckpoint
{
    /// <summary>Name of the shape in settings.</summary>
    public const string Name = "shapeworld";

    /// <summary>Pixels of one merged patch, and of a whole scene: neither is ever resized.</summary>
    private const int MergedPatch = 28 * 28,
        Scene = 84 * 84;

    /// <summary>The layout of Qwen2.5-VL without a system message, which would only cost tokens here.</summary>
    private const string ChatTemplate = """
        {%- for message in messages -%}
        {{- '<|im_start|>' + message.role + '\n' -}}
        {%- if message.content is string -%}
        {{- message.content -}}
        {%- else -%}
        {%- for part in message.content -%}
        {{- '<|vision_start|><|image_pad|><|vision_end|>' if part.type == 'image' else part.text -}}
        {%- endfor -%}
        {%- endif -%}
        {{- '<|im_end|>\n' -}}
        {%- endfor -%}
        {{- '<|im_start|>assistant\n' if add_generation_prompt -}}
        """;

    private static readonly ModelShape Shape = new()
    {
        Name = Name,
        HiddenSize = 128,
        Layers = 4,
        Heads = 4,
        KeyValueHeads = 4,
        IntermediateSize = 384,
        VocabSize = 640,
        RopeTheta = 20,
        MropeSection = [2, 7, 7],
        VisionDepth = 2,
        VisionHiddenSize = 128,
        VisionHeads = 4,
        VisionIntermediateSize = 384,
        FullAttentionBlocks = [1],
        MinPixels = MergedPatch,
        MaxPixels = Scene,
    };

    /// <summary>Writes a checkpoint folder with random weights in float32.</summary>
    /// <param name="folder">Folder to write; made when needed.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <exception cref="CheckpointException">The folder already contains a checkpoint.</exception>
    public static void Write(string folder, long seed)
    {
        RandomCheckpoint.Write(folder, Shape, (int)seed, ScalarType.Float32, ShapeWorldTokenizer.Merges(), ChatTemplate);
        // Rationales list objects, and the right next word is often one that was there before: no penalty for repetition.
        AtomicFile.WriteJson(
            Path.Combine(folder, GenerationOptions.FileName),
            new JsonObject { ["do_sample"] = false, ["repetition_penalty"] = 1.0 }
        );
    }
}
