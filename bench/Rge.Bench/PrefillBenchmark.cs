using System.Globalization;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inputs;
using Rge.Models.Tensors;

namespace Rge.Bench;

/// <summary>Reading prompts of 256 image tokens and 64 of text: vision tower and decoder apart, by prompts in a pass.</summary>
internal static class PrefillBenchmark
{
    private const int Side = 16, TextTokens = 64, Rounds = 7;

    public static void Run(string checkpoint, int[] batches)
    {
        NativeHeap.KeepFreedMemory();
        using var model = QwenVlModel.Load(checkpoint);
        var (vision, random) = (model.Config.Vision, new Random(1));
        Console.WriteLine($"{"prompts",7} {"vision ms",10} {"decoder ms",10} {"tokens/s",9}");
        foreach (var prompts in batches)
        {
            PatchedImage[] images = [.. Enumerable.Range(0, prompts).Select(_ => Image())];
            int[] slots = [.. Enumerable.Range(0, prompts)];
            using var cache = model.CreateState(prompts, Side * Side + TextTokens + 2);
            IReadOnlyList<VisionFeatures> features = [];
            var medians = Interleaved.Medians(
                [
                    new("vision", () =>
                    {
                        foreach (var old in features) old.Dispose();
                        features = model.EncodeImages(images);
                    }),
                    new("decoder", () =>
                    {
                        foreach (var slot in slots) cache.Reset(slot);
                        model.Prefill([.. features.Select(image => new ModelInput(Prompt(), [image]))], cache, slots).Dispose();
                    }),
                ],
                Rounds);
            foreach (var image in features) image.Dispose();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{prompts,7} {medians[0] / 1e3,10:F0} {medians[1] / 1e3,10:F0} {prompts * (Side * Side + TextTokens) / (medians[0] + medians[1]) * 1e6,9:F0}"));
        }

        PatchedImage Image()
        {
            var side = Side * vision.SpatialMergeSize;
            var pixels = new float[side * side * vision.PatchLength];
            for (var i = 0; i < pixels.Length; i++) pixels[i] = (float)random.NextDouble() * 4 - 2;
            return new PatchedImage(pixels, new ImageGrid(1, side, side));
        }

        int[] Prompt() =>
        [
            model.Config.VisionStartTokenId, .. Enumerable.Repeat(model.Config.ImageTokenId, Side * Side), model.Config.VisionEndTokenId,
            .. Enumerable.Range(0, TextTokens).Select(_ => random.Next(1, model.Config.Text.VocabSize - 30)),
        ];
    }
}
