using System.Runtime.InteropServices;
using System.Text.Json;
using Rge.Tests.Shared;

namespace Rge.Imaging.Tests;

public sealed class ImageProcessorTests
{
    private static readonly ImageProcessorConfig Tiny = new()
    {
        PatchSize = 1,
        MinPixels = 4,
        MaxPixels = 64,
        Rescale = false,
        Normalize = false,
    };

    [Fact]
    public void Patches_equal_those_of_the_reference()
    {
        foreach (var family in Golden.Families())
        {
            var processor = new ImageProcessor(ImageProcessorConfig.FromFolder(Golden.Require(family, "model")));
            var grids = JsonSerializer.Deserialize<Dictionary<string, int[]>>(
                File.ReadAllBytes(Golden.Require(family, "image_grids.json"))
            )!;
            var patches = ReadSafetensors(Golden.Require(family, "image_patches.safetensors"));
            Assert.NotEmpty(grids);
            foreach (var (name, grid) in grids)
            {
                var image = ImageDecoder.DecodeFile(Golden.Require(family, "images", name));
                var patched = processor.Process(image);
                Assert.Equal(new ImageGrid(grid[0], grid[1], grid[2]), patched.Grid);
                Assert.Equal(patched.Grid, processor.GridOf(image.Width, image.Height));
                AssertEqual(patches[name], patched.Pixels, processor.Config, lossless: !name.EndsWith(".jpg", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void Patches_of_a_merged_patch_lie_together()
    {
        // 4×4 pixels, patches of one pixel, merged two by two: red counts pixels along the rows.
        var image = new RgbImage(4, 4, [.. Enumerable.Range(0, 16).SelectMany(i => (byte[])[(byte)i, (byte)(i + 100), (byte)(i + 200)])]);
        var patched = new ImageProcessor(Tiny).Process(image);
        Assert.Equal(new ImageGrid(1, 4, 4), patched.Grid);
        Assert.Equal([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15], patched.Pixels.Chunk(6).Select(p => p[0]));
        Assert.Equal([5, 5, 105, 105, 205, 205], patched.Pixels.Chunk(6).ElementAt(3));
    }

    [Fact]
    public void Steps_follow_each_other_and_the_last_has_the_limits()
    {
        var config = new ImageProcessorConfig().WithSteps([new SquareStep(28, 56), new FitStep(SizeRule.Transformers, 4, 1280)]);
        var processor = new ImageProcessor(config);
        Assert.Equal(new ImageGrid(1, 4, 4), processor.GridOf(20, 40));
        Assert.Equal(new ImageGrid(1, 6, 8), processor.GridOf(100, 75));
        Assert.Equal((4 * 28 * 28, 1280 * 28 * 28), (processor.Config.MinPixels, processor.Config.MaxPixels));

        var twice = processor.WithSteps([new FitStep(SizeRule.QwenVlUtils, 4, 16384), new FitStep(SizeRule.Transformers, 256, 1280)]);
        Assert.Equal(new ImageGrid(1, 28, 38), twice.GridOf(100, 75));
        // A stock limit is a choice here, unless the caller makes another.
        var stock = processor.WithSteps([new FitStep(SizeRule.QwenVlUtils, 4, 16384)]).With(ImageOptions.Default);
        Assert.Equal(16384 * 28 * 28, stock.Config.MaxPixels);
        Assert.Equal(9 * 28 * 28, stock.With(new ImageOptions { MaxPixels = 9 * 28 * 28 }).Config.MaxPixels);
        Assert.Throws<ArgumentException>(() => processor.WithSteps([new SquareStep(28, 56)]));
        var huge = processor.WithSteps([new SquareStep(28, 65536), new FitStep(SizeRule.Transformers, 4, 1280)]);
        var error = Assert.Throws<ImageInputException>(() => huge.Process(new RgbImage(20, 40, new byte[20 * 40 * 3])));
        Assert.Contains("A step of the preset would resize it to 65536×65536 pixels", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_goes_through_each_size_in_turn()
    {
        var image = new RgbImage(100, 75, [.. Enumerable.Range(0, 100 * 75 * 3).Select(i => (byte)(i * 7))]);
        var processor = new ImageProcessor(
            new ImageProcessorConfig().WithSteps([
                new FitStep(SizeRule.QwenVlUtils, 4, 16384),
                new FitStep(SizeRule.Transformers, 256, 1280),
            ])
        );
        var plain = new ImageProcessor(new ImageProcessorConfig { Resize = false });
        var expected = plain.Process(PillowResize.Bicubic(PillowResize.Bicubic(image, 112, 84), 532, 392));
        Assert.Equal(expected.Pixels, processor.Process(image).Pixels);
    }

    [Fact]
    public void Values_are_rescaled_then_normalized_in_single_precision()
    {
        var config = Tiny with { Rescale = true, Normalize = true, Mean = [0.5, 0.25, 0.1], Std = [0.5, 0.3, 0.7], TemporalPatchSize = 1 };
        var image = new RgbImage(2, 2, [.. Enumerable.Repeat((byte[])[0, 100, 255], 4).SelectMany(p => p)]);
        Assert.Equal(
            [-1f, ((float)(100 / 255.0) - 0.25f) / 0.3f, (1f - 0.1f) / 0.7f],
            new ImageProcessor(config).Process(image).Pixels[..3]
        );
    }

    [Fact]
    public void Side_under_a_merged_patch_is_stretched_first()
    {
        var processor = new ImageProcessor(new ImageProcessorConfig());
        // 40 by 28 after stretching, hence 84 by 56; unstretched, 9 by 40 would become 140 by 28.
        Assert.Equal(new ImageGrid(1, 6, 4), processor.GridOf(9, 40));
        Assert.Equal(new ImageGrid(1, 4, 4), processor.GridOf(1, 1));
    }

    [Fact]
    public void Narrow_image_is_refused_by_name()
    {
        var image = new RgbImage(1, 6000, new byte[18_000]) { Name = "strip.png" };
        var error = Assert.Throws<ImageInputException>(() => new ImageProcessor(new ImageProcessorConfig()).Process(image));
        Assert.Equal("strip.png (1×6000 pixels): The aspect ratio is 6000 to 28, expected at most 200 to 1.", error.Message);
    }

    [Fact]
    public void Without_resizing_the_sides_must_fit()
    {
        var processor = new ImageProcessor(Tiny with { Resize = false });
        Assert.Equal(new ImageGrid(1, 20, 10), processor.GridOf(10, 20));
        Assert.Throws<ImageInputException>(() => processor.GridOf(10, 21));
    }

    [Fact]
    public void Config_that_cannot_work_is_refused()
    {
        ImageProcessorConfig[] wrong =
        [
            Tiny with
            {
                PatchSize = 0,
            },
            Tiny with
            {
                MergeSize = 0,
            },
            Tiny with
            {
                MinPixels = 100,
            },
            Tiny with
            {
                Mean = [1],
            },
        ];
        foreach (var config in wrong)
            Assert.ThrowsAny<ArgumentException>(() => new ImageProcessor(config));
    }

    /// <summary>Lossless images give the reference's very values; a lossy one may be decoded a level off, on average far less.</summary>
    private static void AssertEqual(float[] expected, float[] actual, ImageProcessorConfig config, bool lossless)
    {
        if (lossless)
        {
            Assert.Equal(expected, actual);
            return;
        }
        Assert.Equal(expected.Length, actual.Length);
        var frame = config.TemporalPatchSize * config.PatchSize * config.PatchSize;
        var levels = expected.Select((e, i) => Math.Abs(e - actual[i]) * config.Std[i / frame % RgbImage.Channels] * 255).ToArray();
        Assert.InRange(levels.Max(), 0, 1.001);
        Assert.InRange(levels.Average(), 0, 0.05);
    }

    private static Dictionary<string, float[]> ReadSafetensors(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var data = 8 + (int)BitConverter.ToInt64(bytes);
        using var header = JsonDocument.Parse(bytes.AsMemory(8..data));
        return header
            .RootElement.EnumerateObject()
            .Where(t => t.Name != "__metadata__")
            .ToDictionary(t => t.Name, Values, StringComparer.Ordinal);

        float[] Values(JsonProperty tensor)
        {
            var offsets = tensor.Value.GetProperty("data_offsets");
            return MemoryMarshal.Cast<byte, float>(bytes.AsSpan((data + offsets[0].GetInt32())..(data + offsets[1].GetInt32()))).ToArray();
        }
    }
}
