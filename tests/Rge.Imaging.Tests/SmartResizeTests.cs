using System.Text.Json;
using CsCheck;
using Rge.Tests.Shared;

namespace Rge.Imaging.Tests;

public sealed class SmartResizeTests
{
    [Fact]
    public void Sizes_equal_those_of_the_reference()
    {
        foreach (var family in Golden.Families())
        foreach (var row in JsonSerializer.Deserialize<int[][]>(File.ReadAllBytes(Golden.Require(family, "smart_resize.json")))!)
            Assert.Equal((row[5], row[6]), SmartResize.Fit(row[0], row[1], row[2], row[3], row[4]));
    }

    [Fact]
    public void Halves_round_to_even() => Assert.Equal((56, 112), SmartResize.Fit(70, 98, 28, 1, 1 << 20));

    [Fact]
    public void A_short_side_counts_as_a_merged_patch_where_the_rule_says_so()
    {
        // Rounded to nothing, the area is too small, and the image is enlarged; rounded to one patch, it is not.
        Assert.Equal((28, 112), SmartResize.Fit(10, 100, 28, 4 * 28 * 28, 1 << 20, SizeRule.QwenVlUtils));
        Assert.Equal((28, 196), SmartResize.Fit(10, 100, 28, 4 * 28 * 28, 1 << 20));
    }

    [Fact]
    public void Sides_are_positive_multiples_and_the_area_is_within_bounds() =>
        Gen.Select(Gen.Int[1, 5000], Gen.Int[1, 5000], Gen.Bool.Select(b => b ? 28 : 32))
            .Where((h, w, _) => Math.Max(h, w) <= 200 * Math.Min(h, w))
            .Sample(
                (height, width, factor) =>
                {
                    var (h, w) = SmartResize.Fit(height, width, factor, 256 * factor * factor, 1024 * factor * factor);
                    Assert.True(h >= factor && w >= factor && h % factor == 0 && w % factor == 0);
                    Assert.True((long)h * w >= 256 * factor * factor);
                    Assert.True((long)h * w <= 1024 * factor * factor || Math.Min(h, w) == factor);
                }
            );

    [Fact]
    public void Narrow_image_is_refused_beyond_200_to_1()
    {
        Assert.Equal((28, 812), SmartResize.Fit(10, 2000, 28, 3136, 1 << 20));
        var error = Assert.Throws<ImageInputException>(() => SmartResize.Fit(10, 2001, 28, 3136, 1 << 20));
        Assert.Equal("The aspect ratio is 2001 to 10, expected at most 200 to 1.", error.Message);
    }
}
