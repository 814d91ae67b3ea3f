using CsCheck;
using Rge.Tests.Shared;
using Rge.Text;

namespace Rge.ShapeWorld.Tests;

public sealed class ShapeWorldTokenizerTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly QwenTokenizer _tokenizer;
    private readonly int _size;

    public ShapeWorldTokenizerTests()
    {
        _size = ShapeWorldTokenizer.Write(_folder.Path);
        _tokenizer = QwenTokenizer.Load(_folder.Path);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_word_is_one_token_with_and_without_a_space()
    {
        foreach (var word in ShapeWorldVocabulary.Words)
        {
            Assert.Single(_tokenizer.Encode(word));
            Assert.Single(_tokenizer.Encode(" " + word));
        }
    }

    [Fact]
    public void The_chat_layout_is_short() =>
        Assert.Equal(
            "<|im_start|> system \n You Ġare Ġa Ġhelpful Ġassistant . <|im_end|> \n <|im_start|> user \n"
                .Replace("\n", "Ċ", StringComparison.Ordinal)
                .Split(' '),
            _tokenizer
                .Encode("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n", allowSpecialTokens: true)
                .Select(_tokenizer.Token)
        );

    [Fact]
    public void Ids_are_few_and_counted()
    {
        Assert.Equal(_size, _tokenizer.VocabularySize);
        Assert.InRange(_size, 512, 640);
    }

    [Fact]
    public void Any_text_comes_back() => Gen.String.Sample(text => _tokenizer.Decode(_tokenizer.Encode(text)) == WellFormed(text));

    [Fact]
    public void Files_are_the_same_every_time()
    {
        using var again = new ScratchFolder();
        ShapeWorldTokenizer.Write(again.Path);
        Assert.Equal(File.ReadAllBytes(_folder["tokenizer.json"]), File.ReadAllBytes(again["tokenizer.json"]));
    }

    /// <summary>What the tokenizer makes of a text before it cuts it: lone surrogates replaced, normal form C.</summary>
    private static string WellFormed(string text) => string.Concat(text.EnumerateRunes()).Normalize();
}
