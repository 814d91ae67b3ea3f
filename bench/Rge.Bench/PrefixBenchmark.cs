using System.Globalization;
using Rge.Decoding;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Tensors;

namespace Rge.Bench;

/// <summary>
/// Another text of 64 tokens for a picture of 256 that was asked about before: everything read again, the picture's features kept, and
/// states of the prompts kept. Embeddings of the prompt, and of rationales of 32 tokens.
/// </summary>
internal sealed class PrefixBenchmark(QwenVlModel model)
{
    private const int Side = 16,
        TextTokens = 64,
        RationaleTokens = 32,
        EmbToken = 0;

    private readonly Random _random = new(1);

    public static void Run(string checkpoint, int rounds)
    {
        NativeHeap.KeepFreedMemory();
        using var model = QwenVlModel.Load(checkpoint);
        var bench = new PrefixBenchmark(model);
        Console.WriteLine($"{"ms", -16} {"read again", 10} {"features", 10} {"states", 10}");
        bench.Compare("prompt", rounds, generation: null);
        // Any token can play <emb>: it is banned, so that every rationale has its full length.
        var generation = new GenerationOptions { MaxRationaleTokens = RationaleTokens, BannedTokens = [EmbToken] };
        bench.Compare("with rationale", rounds, generation);
    }

    private void Compare(string name, int rounds, GenerationOptions? generation)
    {
        var picture = Picture();
        using var nothing = new VisionFeatureCache(0);
        using var features = new VisionFeatureCache(1);
        using var plain = new DecodingEngine(model, EmbToken);
        using var keeping = new DecodingEngine(model, EmbToken, new DecodingEngineOptions { MaxPrefixTokens = 8 << 10 });
        var medians = Interleaved.Medians(
            [
                new("read again", () => Ask(plain, nothing)),
                new("features", () => Ask(plain, features)),
                new("states", () => Ask(keeping, features)),
            ],
            rounds
        );
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name, -16} {medians[0] / 1e3, 10:F0} {medians[1] / 1e3, 10:F0} {medians[2] / 1e3, 10:F0}"
            )
        );

        void Ask(DecodingEngine engine, VisionFeatureCache images)
        {
            var request = new DecodeRequest(Prompt()) { Generation = generation };
            var sequence = new PendingSequence(request, [images.Lease("picture", () => picture)], CancellationToken.None);
            engine.Submit([sequence]);
            _ = sequence.Completion.GetAwaiter().GetResult();
        }
    }

    private PatchedImage Picture()
    {
        var side = Side * model.Config.Vision.SpatialMergeSize;
        var pixels = new float[side * side * model.Config.Vision.PatchLength];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (float)_random.NextDouble() * 4 - 2;
        return new PatchedImage(pixels, new ImageGrid(1, side, side));
    }

    private int[] Prompt() =>
        [
            model.Config.VisionStartTokenId,
            .. Enumerable.Repeat(model.Config.ImageTokenId, Side * Side),
            model.Config.VisionEndTokenId,
            .. Enumerable.Range(0, TextTokens).Select(_ => _random.Next(1, model.Config.Text.VocabSize - 30)),
        ];
}
