namespace Rge.Imaging.Tests;

public sealed class ImageProcessorConfigTests : IDisposable
{
    private const string Preprocessor = "preprocessor_config.json";
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Pixel_bounds_of_older_checkpoints()
    {
        var config = Read("""{"min_pixels": 3136, "max_pixels": 12845056, "image_mean": [0.1, 0.2, 0.3], "do_normalize": false}""");
        Assert.Equal((3136, 12845056, 28), (config.MinPixels, config.MaxPixels, config.MergedPatchSide));
        Assert.Equal([0.1, 0.2, 0.3], config.Mean);
        Assert.Equal((true, true, false), (config.Resize, config.Rescale, config.Normalize));
    }

    [Fact]
    public void Pixel_bounds_inside_size()
    {
        var config = Read("""{"size": {"longest_edge": 16777216, "shortest_edge": 65536}, "patch_size": 16, "merge_size": 2}""");
        Assert.Equal((65536, 16777216, 32), (config.MinPixels, config.MaxPixels, config.MergedPatchSide));
        Assert.Equal(3 * 2 * 16 * 16, config.PatchLength);
    }

    [Fact]
    public void Pixel_bounds_outside_size_win()
    {
        var config = Read("""{"size": {"longest_edge": 90000, "shortest_edge": 8000}, "min_pixels": 4000, "max_pixels": null}""");
        Assert.Equal((4000, 90000), (config.MinPixels, config.MaxPixels));
    }

    [Fact]
    public void Processor_config_with_an_image_processor_section_wins()
    {
        Write("processor_config.json", """{"image_processor": {"patch_size": 16}, "video_processor": {}}""");
        Assert.Equal(16, Read("""{"patch_size": 14}""").PatchSize);
    }

    [Fact]
    public void Processor_config_without_the_section_is_passed_over()
    {
        Write("processor_config.json", """{"processor_class": "Qwen2_5_VLProcessor"}""");
        Assert.Equal(17, Read("""{"patch_size": 17}""").PatchSize);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"size\": {\"longest_edge\": 16777216, \"shortest_edge\": 65536}, \"patch_size\": 16, \"note\": \"stays\"}")]
    [InlineData("{\"min_pixels\": 100352, \"max_pixels\": 12845056}")]
    public void A_folder_written_with_options_means_without_them_what_they_said(string preprocessor)
    {
        Read(preprocessor);
        foreach (
            var options in (ImageOptions[])
                [
                    ImageOptions.Default,
                    new() { MinPixels = 4000 },
                    new() { MaxPixels = 50_000 },
                    new() { MinPixels = 20_000, MaxPixels = 50_000 },
                    new() { ExifOrientation = true },
                ]
        )
        {
            var target = Directory.CreateDirectory(Path.Combine(_folder, "written")).FullName;
            ImageProcessorConfig.Write(_folder, target, options);
            var expected = new ImageProcessor(ImageProcessorConfig.FromFolder(_folder).With(options), options);
            var found = new ImageProcessor(ImageProcessorConfig.FromFolder(target).With(ImageOptions.Default));
            Assert.Equal((expected.Config.MinPixels, expected.Config.MaxPixels), (found.Config.MinPixels, found.Config.MaxPixels));
            Assert.Equal(
                (expected.Options.ExifOrientation, expected.Config.PatchSize),
                (found.Options.ExifOrientation, found.Config.PatchSize)
            );
            Assert.Equal(
                preprocessor.Contains("stays", StringComparison.Ordinal),
                File.ReadAllText(Path.Combine(target, Preprocessor)).Contains("stays", StringComparison.Ordinal)
            );
        }
    }

    [Fact]
    public void Options_are_written_into_the_section_that_is_read()
    {
        Write("processor_config.json", "{\"image_processor\": {\"patch_size\": 16}, \"video_processor\": {\"fps\": 2}}");
        Read("{\"patch_size\": 14}");
        ImageProcessorConfig.Write(_folder, _folder, new ImageOptions { MaxPixels = 70_000 });
        Assert.Equal(
            (16, 70_000),
            (ImageProcessorConfig.FromFolder(_folder).PatchSize, ImageProcessorConfig.FromFolder(_folder).MaxPixels)
        );
        Assert.Contains("fps", File.ReadAllText(Path.Combine(_folder, "processor_config.json")), StringComparison.Ordinal);
        Assert.Contains(
            "12845056",
            Assert
                .Throws<CheckpointException>(() => ImageProcessorConfig.Write(_folder, _folder, new ImageOptions { MaxPixels = 12845056 }))
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Defaults_are_those_of_the_reference()
    {
        var config = Read("{}");
        Assert.Equal(
            (3136, 1003520, 14, 2, 2),
            (config.MinPixels, config.MaxPixels, config.PatchSize, config.MergeSize, config.TemporalPatchSize)
        );
        Assert.Equal([0.48145466, 0.4578275, 0.40821073], config.Mean);
    }

    [Theory]
    [
        InlineData("""{"patch_size": 0}""", "patch_size"),
        InlineData("""{"resample": 2}""", "resample"),
        InlineData("""{"size": 7}""", "size")
    ]
    [InlineData("""{"image_mean": [1, 2]}""", "image_mean"), InlineData("""{"image_mean": ["a", 1, 2]}""", "image_mean")]
    [InlineData("""{"image_std": [1, 0, 1]}""", "image_std"), InlineData("""{"rescale_factor": -1}""", "rescale_factor")]
    [InlineData("""{"min_pixels": 900, "max_pixels": 800}""", "max_pixels"), InlineData("[]", "object"), InlineData("{", "JSON")]
    [
        InlineData("""{"patch_size": 1024}""", "patch_size"),
        InlineData("""{"merge_size": 64}""", "merge_size"),
        InlineData("""{"patch_size": 256, "merge_size": 16}""", "merged patches of 4096 pixels")
    ]
    [
        InlineData("""{"max_pixels": 1e400}""", "max_pixels"),
        InlineData("""{"image_std": [1e-300, 1, 1]}""", "image_std"),
        InlineData("""{"image_mean": [1e300, 1, 1]}""", "image_mean")
    ]
    [
        InlineData("""{"rescale_factor": 1e300}""", "rescale_factor"),
        InlineData("""{"temporal_patch_size": 2147483648}""", "temporal_patch_size")
    ]
    public void Wrong_fields_are_named(string json, string field)
    {
        var message = Assert.Throws<CheckpointException>(() => Read(json)).Message;
        Assert.Contains(Preprocessor, message, StringComparison.Ordinal);
        Assert.Contains(field, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_files_are_named() =>
        Assert.Contains(
            Preprocessor,
            Assert.Throws<CheckpointException>(() => ImageProcessorConfig.FromFolder(_folder)).Message,
            StringComparison.Ordinal
        );

    private ImageProcessorConfig Read(string json)
    {
        Write(Preprocessor, json);
        return ImageProcessorConfig.FromFolder(_folder);
    }

    private void Write(string name, string json) => File.WriteAllText(Path.Combine(_folder, name), json);
}
