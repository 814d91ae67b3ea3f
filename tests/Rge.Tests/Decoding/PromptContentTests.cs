using Rge.Decoding;
using Rge.Imaging;
using Rge.Models.Inputs;

namespace Rge.Tests.Decoding;

public sealed class PromptContentTests
{
    private const int Image = 7;
    private static readonly ImageGrid Grid = new(1, 2, 4); // two tokens

    private readonly ScriptedModel _model = new() { ImageTokenId = Image };

    [Theory]
    [InlineData(new[] { 1, 2, 3 }, new[] { 1, 2, 3 }, 3)]
    [InlineData(new[] { 1, 2, 3 }, new[] { 1, 2, 3, 4 }, 3)]
    [InlineData(new[] { 1, 2, 3 }, new[] { 1, 5, 3 }, 1)]
    [InlineData(new[] { 2 }, new[] { 1 }, 0)]
    public void Prompts_have_in_common_the_tokens_that_they_begin_with(int[] first, int[] second, int common)
    {
        Assert.Equal(common, Content(first).CommonLength(Content(second)));
        Assert.Equal(common, Content(second).CommonLength(Content(first)));
    }

    [Fact]
    public void What_follows_another_image_is_not_common_though_its_tokens_are()
    {
        int[] tokens = [1, 8, Image, Image, 9, 2, 8, Image, Image, 9, 3];
        var prompt = Content(tokens, "a", "b");
        Assert.Equal(11, prompt.CommonLength(Content(tokens, "a", "b")));
        Assert.Equal(7, prompt.CommonLength(Content(tokens, "a", "c")));
        Assert.Equal(2, prompt.CommonLength(Content(tokens, "b", "b")));
        Assert.Equal(9, prompt.ImagesEnd);
    }

    [Fact]
    public void Prompts_that_number_their_tokens_otherwise_have_nothing_in_common()
    {
        var sequential = new DecodeRequest([1, 2]) { Positions = PositionScheme.Sequential };
        Assert.Equal(0, Content([1, 2]).CommonLength(PromptContent.Create(sequential, [], _model)!));
    }

    [Fact]
    public void Patches_are_the_same_image_where_their_values_are()
    {
        using var images = new VisionFeatureCache(0);
        PromptContent[] prompts =
        [
            .. new[] { 1f, 1f, 2f }.Select(value =>
            {
                var patches = new PatchedImage([.. Enumerable.Repeat(value, Grid.Patches)], Grid);
                using var image = images.Lease(patches, () => patches);
                return PromptContent.Create(new DecodeRequest([8, Image, Image, 9]), [image], _model)!;
            }),
        ];
        Assert.Equal(4, prompts[0].CommonLength(prompts[1]));
        Assert.Equal(1, prompts[0].CommonLength(prompts[2]));
    }

    [Fact]
    public void A_cut_is_neither_within_an_image_nor_right_before_one()
    {
        var prompt = Content([1, 8, Image, Image, 9, Image, Image, Image, Image, 3], "a", "b", "c");
        int[] cuts = [.. Enumerable.Range(0, 11).Select(prompt.CutAt)];
        Assert.Equal([0, 1, 1, 1, 4, 4, 4, 4, 4, 9, 10], cuts);
        Assert.Equal(0, Content([Image, Image, 3], "a").CutAt(1));
        Assert.Equal(1, prompt.ImagesWithin(4));
        Assert.Equal(3, prompt.GridsWithin(9).Length);
    }

    [Theory]
    [InlineData(new[] { 1, Image, Image }, 0)]
    [InlineData(new[] { 1, Image, 2 }, 1)]
    [InlineData(new[] { 1, Image }, 1)]
    [InlineData(new[] { 1, 2, 3 }, 1)]
    public void A_prompt_that_its_images_do_not_fit_is_compared_with_none(int[] tokens, int images)
    {
        using var cache = new VisionFeatureCache(0);
        using var image = cache.Lease("a", () => new PatchedImage(new float[Grid.Patches], Grid));
        ImageLease[] given = images == 0 ? [] : [image];
        Assert.Null(PromptContent.Create(new DecodeRequest(tokens), given, _model));
    }

    private PromptContent Content(int[] tokens, params string[] images)
    {
        using var cache = new VisionFeatureCache(0);
        ImageLease[] leases = [.. images.Select(key => cache.Lease(key, () => new PatchedImage(new float[Grid.Patches], Grid)))];
        return PromptContent.Create(new DecodeRequest(tokens), leases, _model)!;
    }
}
