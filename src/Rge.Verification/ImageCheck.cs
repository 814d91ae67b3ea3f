using Rge.Imaging;

namespace Rge.Verification;

/// <summary>Sizes, grids and patches of images.</summary>
internal static class ImageCheck
{
    private const double Level = 1 / 255.0;

    public static IEnumerable<VerificationRow> Run(ReferenceFolder folder)
    {
        yield return Sizes(folder).Row;
        var (grids, largest, mean) = (
            Comparison.Exact("image grids"),
            new Comparison("patches before normalisation, largest", Comparison.Absolute, Level * (1 + 1e-4)),
            new Comparison("patches before normalisation, mean", Comparison.Absolute, Level / 20)
        );
        if (folder.Json("image_grids.json") is { } images)
        {
            var processor = new ImageProcessor(ImageProcessorConfig.FromFolder(folder.ModelFolder));
            foreach (var image in images.EnumerateObject())
            {
                var patches = processor.Process(ImageDecoder.DecodeFile(Path.Combine(folder.ImageFolder, image.Name)));
                grids.AddEqual(
                    image.Name,
                    [patches.Grid.Temporal, patches.Grid.Height, patches.Grid.Width],
                    ReferenceCase.Ids(image.Value)
                );
                if (folder.Patches(image.Name) is { } expected)
                    Compare(image.Name, patches, expected, processor.Config, largest, mean);
            }
        }
        yield return grids.Row;
        yield return largest.Row;
        yield return mean.Row;
    }

    private static Comparison Sizes(ReferenceFolder folder)
    {
        var sizes = Comparison.Exact("smart resize");
        if (folder.Json("smart_resize.json") is not { } rows)
            return sizes;
        foreach (var row in rows.EnumerateArray().Select(ReferenceCase.Ids))
        {
            var (height, width) = SmartResize.Fit(row[0], row[1], row[2], row[3], row[4]);
            sizes.AddEqual($"{row[1]}×{row[0]}", [height, width], row[5..7]);
        }
        return sizes;
    }

    private static void Compare(
        string name,
        PatchedImage image,
        float[] expected,
        ImageProcessorConfig config,
        Comparison largest,
        Comparison mean
    )
    {
        if (image.Pixels.Length != expected.Length)
        {
            largest.Add($"{name} ({image.Pixels.Length} values, expected {expected.Length})", double.PositiveInfinity);
            return;
        }
        // A patch is laid out as (channel, frame, row, column); a channel's values were divided by its standard deviation.
        var channel = image.PatchLength / RgbImage.Channels;
        var (max, sum) = (0.0, 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            var difference =
                Math.Abs((double)image.Pixels[i] - expected[i]) * (config.Normalize ? config.Std[i % image.PatchLength / channel] : 1);
            if (!(difference <= max))
                max = difference;
            sum += difference;
        }
        largest.Add(name, max);
        mean.Add(name, sum / expected.Length);
    }
}
