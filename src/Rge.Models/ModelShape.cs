namespace Rge.Models;

/// <summary>Size of a checkpoint that is made from nothing.</summary>
public sealed record ModelShape
{
    /// <summary>5.8 M parameters: starts at once, for trying things out and for tests.</summary>
    public static ModelShape Tiny { get; } =
        new()
        {
            Name = "tiny",
            HiddenSize = 256,
            Layers = 4,
            Heads = 4,
            KeyValueHeads = 2,
            IntermediateSize = 1024,
            VocabSize = 2048,
            VisionDepth = 4,
            VisionHiddenSize = 128,
            VisionHeads = 4,
            VisionIntermediateSize = 342,
            FullAttentionBlocks = [1, 3],
            MinPixels = 4 * 28 * 28,
            MaxPixels = 64 * 28 * 28,
        };

    /// <summary>484 M parameters: the shape that speed is measured on.</summary>
    public static ModelShape Medium { get; } =
        new()
        {
            Name = "700m",
            HiddenSize = 1024,
            Layers = 18,
            Heads = 8,
            KeyValueHeads = 2,
            IntermediateSize = 5504,
            VocabSize = 32768,
            VisionDepth = 12,
            VisionHiddenSize = 768,
            VisionHeads = 12,
            VisionIntermediateSize = 2048,
            FullAttentionBlocks = [3, 7, 11],
        };

    /// <summary>3.75 G parameters: the shape of Qwen2.5-VL-3B; 7.5 GB on disk.</summary>
    public static ModelShape Large { get; } =
        new()
        {
            Name = "3b",
            HiddenSize = 2048,
            Layers = 36,
            Heads = 16,
            KeyValueHeads = 2,
            IntermediateSize = 11008,
            VocabSize = 151936,
            VisionDepth = 32,
            VisionHiddenSize = 1280,
            VisionHeads = 16,
            VisionIntermediateSize = 3420,
            FullAttentionBlocks = [7, 15, 23, 31],
        };

    /// <summary>The shapes that have a name.</summary>
    public static IReadOnlyList<ModelShape> All { get; } = [Tiny, Medium, Large];

    /// <summary>
    /// The family, Qwen2.5-VL or Qwen3.5. In Qwen3.5 three of four layers are gated delta nets, with a key head for each of
    /// <see cref="KeyValueHeads"/>, a value head for each of <see cref="Heads"/> and the same width of a head; patches are 16 pixels wide.
    /// </summary>
    public ModelFamily Family { get; init; } = ModelFamily.Qwen25Vl;

    /// <summary>Name on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>Width of the decoder.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Decoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of the decoder's MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Rows of the token embedding; special tokens take the last twenty.</summary>
    public required int VocabSize { get; init; }

    /// <summary>
    /// Base of the rotary frequencies; small models with narrow heads want a small one, so that every axis turns visibly.
    /// </summary>
    public double RopeTheta { get; init; } = 1_000_000;

    /// <summary>Rotary frequencies of time, height and width; <see langword="null"/> gives time a quarter and shares the rest.</summary>
    public IReadOnlyList<int>? MropeSection { get; init; }

    /// <summary>Vision blocks.</summary>
    public required int VisionDepth { get; init; }

    /// <summary>Width of the vision tower.</summary>
    public required int VisionHiddenSize { get; init; }

    /// <summary>Heads of the vision tower.</summary>
    public required int VisionHeads { get; init; }

    /// <summary>Width of the vision tower's MLP.</summary>
    public required int VisionIntermediateSize { get; init; }

    /// <summary>Vision blocks that attend over the whole image; of no matter to Qwen3.5, where all do.</summary>
    public required IReadOnlyList<int> FullAttentionBlocks { get; init; }

    /// <summary>Images with fewer pixels are enlarged.</summary>
    public int MinPixels { get; init; } = 256 * 28 * 28;

    /// <summary>Images with more pixels are reduced.</summary>
    public int MaxPixels { get; init; } = 1024 * 28 * 28;
}
