using CsCheck;

namespace Rge.Text.Tests;

public sealed class StreamingDecoderTests
{
    private static readonly QwenTokenizer Tiny = TinyTokenizer.Load();

    [Fact]
    public void Incomplete_characters_are_held_back()
    {
        var decoder = new StreamingDecoder(Tiny);
        Assert.Equal(",,,🙂", string.Join(',', Tiny.Encode("🙂").Select(decoder.Append)));
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void What_stays_incomplete_ends_as_a_replacement_character()
    {
        var decoder = new StreamingDecoder(Tiny);
        Assert.Equal("", decoder.Append(Tiny.Encode("🙂")[0]));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("the", decoder.Append(Tiny.Encode("the")[0]));
    }

    [Fact]
    public void Control_tokens_are_left_out_on_request()
    {
        var decoder = new StreamingDecoder(Tiny, skipSpecialTokens: true);
        Assert.Equal("", decoder.Append(Tiny.SpecialTokens["<emb>"]));
        Assert.Equal("", decoder.Append(int.MaxValue));
    }

    [Fact]
    public void Pieces_joined_are_the_whole_text() =>
        Gen.Int[-2, 310]
            .List[0, 30]
            .Sample(ids =>
            {
                var decoder = new StreamingDecoder(Tiny);
                return string.Concat(ids.Select(id => decoder.Append(id))) + decoder.Flush() == Tiny.Decode(ids);
            });
}
