using Rge.Imaging;
using Rge.Models;
using static TorchSharp.torch;

namespace Rge.Tests.Shared.Embedders;

/// <summary>
/// A random checkpoint of a few hundred thousand parameters in a folder of its own, and an embedder of it; made once for a class of tests.
/// </summary>
public sealed class EmbedderFixture : IDisposable
{
    private static readonly ModelShape Shape = ModelShape.Tiny with
    {
        HiddenSize = 64,
        Layers = 2,
        IntermediateSize = 128,
        VocabSize = 512,
        VisionDepth = 2,
        VisionHiddenSize = 32,
        VisionHeads = 2,
        VisionIntermediateSize = 48,
        FullAttentionBlocks = [1],
        MaxPixels = 16 * 28 * 28,
    };

    public EmbedderFixture()
    {
        Folder = Directory.CreateTempSubdirectory().FullName;
        RandomCheckpoint.Write(Folder, Shape, seed: 3, ScalarType.Float32);
        Embedder = ReasoningEmbedder.Load(
            Folder,
            new ReasoningEmbedderOptions { Generation = new GenerationOptions { MaxRationaleTokens = 6 } }
        );
    }

    public string Folder { get; }

    public ReasoningEmbedder Embedder { get; }

    /// <summary>An image of noise.</summary>
    public static ImageSource Image(int seed, int width = 84, int height = 56)
    {
        var pixels = new byte[width * height * RgbImage.Channels];
        new Random(seed).NextBytes(pixels);
        return ImageSource.FromPixels(new RgbImage(width, height, pixels));
    }

    public void Dispose()
    {
        Embedder.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
