using Rge.Evaluation.Mmeb;
using Rge.Models;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
using static TorchSharp.torch;

namespace Rge.Evaluation.Tests.Mmeb;

/// <summary>Three rows of each dataset on the disk, and a random model.</summary>
public sealed class EvaluationWorld : IAsyncLifetime
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("rge-world-");

    public static GenerationOptions Generation { get; } = new() { MaxRationaleTokens = 4 };

    public string Folder => Path.Combine(_root.FullName, "world");

    public ReasoningEmbedder Embedder { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await ShapeWorldFiles.WriteAsync(Folder, WorldSplit.Test, 5, 3);
        var model = Path.Combine(_root.FullName, "model");
        RandomCheckpoint.Write(
            model,
            ModelShape.Tiny with
            {
                HiddenSize = 64,
                Layers = 2,
                IntermediateSize = 96,
                VocabSize = 512,
                VisionDepth = 1,
                VisionHiddenSize = 32,
                VisionHeads = 2,
                VisionIntermediateSize = 48,
                FullAttentionBlocks = [0],
                MaxPixels = 9 * 28 * 28,
            },
            seed: 2,
            ScalarType.Float32
        );
        Embedder = ReasoningEmbedder.Load(
            model,
            new ReasoningEmbedderOptions { Generation = Generation, PrefetchItems = MmebEvaluation.ChunkItems }
        );
    }

    public ValueTask DisposeAsync()
    {
        Embedder.Dispose();
        _root.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
