using Rge.Decoding;
using Rge.Imaging;
using static TorchSharp.torch;

namespace Rge.Tests.Decoding;

public sealed class PrefixCacheTests
{
    private const int Image = 7;

    private readonly ScriptedModel _model = new();

    [Fact]
    public void The_longest_beginning_is_found_and_the_last_token_is_left_to_read_unless_all_is_the_same()
    {
        var cache = new PrefixCache(1000, _model);
        Keep(cache, Prompt(1, 100));
        Keep(cache, Prompt(1, 40, 60));
        Assert.Equal(100, cache.Find(Prompt(1, 100))?.Tokens);
        Assert.Equal(98, cache.Find(Prompt(1, 99))?.Tokens);
        Assert.Equal(100, cache.Find(Prompt(1, 130))?.Tokens);
        Assert.Equal(69, cache.Find(Prompt(1, 40, 30))?.Tokens);
        Assert.Null(cache.Find(Prompt(2, 100)));
        Assert.Null(cache.Find(Prompt(1, PrefixCache.ShortestPrefix)));
    }

    [Fact]
    public void A_prompt_that_continues_a_kept_one_takes_its_place()
    {
        var cache = new PrefixCache(1000, _model);
        Keep(cache, Prompt(1, 50));
        Keep(cache, Prompt(1, 80));
        Assert.Equal(80, cache.Tokens);
        Keep(cache, Prompt(1, 60)); // is had already
        Assert.Equal(80, cache.Tokens);
        Assert.Equal(80, _model.StateTokens);
    }

    [Fact]
    public void The_least_recently_used_goes_first_and_the_bound_is_kept()
    {
        var cache = new PrefixCache(300, _model);
        foreach (var script in (int[])[1, 2, 3])
            Keep(cache, Prompt(script, 100));
        Keep(cache, Prompt(1, 90)); // counts as use
        cache.Touch(cache.Find(Prompt(2, 100))!.Value.Prefix);
        Keep(cache, Prompt(4, 100));
        Assert.Equal([1, 2, 4], Enumerable.Range(1, 4).Where(script => cache.Find(Prompt(script, 100)) is not null));
        Keep(cache, Prompt(5, 250));
        Assert.Equal([5], Enumerable.Range(1, 5).Where(script => cache.Find(Prompt(script, 100)) is not null));
        Keep(cache, Prompt(6, 301));
        Assert.Null(cache.Find(Prompt(6, 301)));
        Assert.Equal(250, _model.StateTokens);
        cache.Clear();
        Assert.False(_model.HasState);
    }

    [Fact]
    public void What_others_take_is_not_kept_and_may_be_had_back()
    {
        var cache = new PrefixCache(300, _model);
        Keep(cache, Prompt(1, 100));
        Keep(cache, Prompt(2, 100));
        cache.Fit(150);
        Assert.Equal(100, cache.Tokens);
        Assert.NotNull(cache.Find(Prompt(2, 100)));
        Keep(cache, Prompt(3, 200));
        Assert.Null(cache.Find(Prompt(3, 200)));
        cache.Fit(-1);
        Assert.False(_model.HasState);
        cache.Fit(long.MaxValue);
        Keep(cache, Prompt(3, 200));
        Keep(cache, Prompt(4, 200));
        Assert.Equal(200, cache.Tokens);
    }

    [Fact]
    public void A_recurrent_state_serves_what_begins_with_all_of_it()
    {
        var model = new ScriptedModel
        {
            CanCutStates = false,
            SlotTokens = 30,
            ImageTokenId = Image,
        };
        var cache = new PrefixCache(1000, model);
        PromptContent first = Picture(model, "a", 20, 5),
            other = Picture(model, "a", 20, 9);
        Assert.Equal([40, 45], cache.Cuts(first));
        foreach (var cut in cache.Cuts(first))
            cache.Keep(first, cut, () => (model.CreateState(1, cut), zeros(1, 2)));
        Assert.Equal(40 + 45 + 2 * 30, cache.Tokens);
        Assert.Equal(40, cache.Find(other)?.Tokens);
        Assert.Equal(45, cache.Find(first)?.Tokens);
        Assert.Equal(45, cache.Find(Picture(model, "a", 20, 5, 3))?.Tokens);
        Assert.Null(cache.Find(Picture(model, "b", 20, 5)));
        Assert.Equal(40, cache.Promised(first, other));
        cache.Clear();
    }

    [Fact]
    public void Nothing_is_kept_where_the_bound_is_zero()
    {
        var cache = new PrefixCache(0, _model);
        Keep(cache, Prompt(1, 100));
        Assert.False(cache.IsEnabled);
        Assert.False(_model.HasState);
    }

    private void Keep(PrefixCache cache, PromptContent prompt) =>
        cache.Keep(prompt, prompt.Length, () => (_model.CreateState(1, prompt.Length), zeros(1, 2)));

    /// <summary>A script, so many tokens with it, and so many others.</summary>
    private PromptContent Prompt(int script, int length, int others = 0) =>
        PromptContent.Create(
            new DecodeRequest([script, .. Enumerable.Repeat(0, length - 1), .. Enumerable.Repeat(5, others)]),
            [],
            _model
        )!;

    /// <summary>A token, an image, and texts of so many tokens, each of a token of its own.</summary>
    private static PromptContent Picture(ScriptedModel model, string image, int before, params int[] texts)
    {
        var grid = new ImageGrid(1, 8, 10);
        using var images = new VisionFeatureCache(0);
        using var lease = images.Lease(image, () => new PatchedImage(new float[grid.Patches], grid));
        int[] tokens =
        [
            .. Enumerable.Repeat(1, before),
            .. Enumerable.Repeat(Image, model.TokensOf(grid)),
            .. texts.SelectMany(count => Enumerable.Repeat(count, count)),
        ];
        return PromptContent.Create(new DecodeRequest(tokens), [lease], model)!;
    }
}
