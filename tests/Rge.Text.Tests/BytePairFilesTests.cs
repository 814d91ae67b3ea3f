using Rge.Tests.Shared;

namespace Rge.Text.Tests;

public sealed class BytePairFilesTests
{
    [Fact]
    public void Written_files_are_a_tokenizer()
    {
        using var folder = new ScratchFolder();
        BytePairFiles.Write(folder.Path, BytePairFiles.LetterMerges(300));
        var tokenizer = QwenTokenizer.Load(folder.Path);
        Assert.Equal(256 + 300 + BytePairFiles.SpecialTokens.Count, tokenizer.VocabularySize);
        Assert.Equal(556, tokenizer.SpecialTokens["<|endoftext|>"]);
        Assert.Equal(556 + 14, tokenizer.SpecialTokens["<emb>"]);
        Assert.Equal("Ġa", tokenizer.Token(256));
        Assert.Equal(3, tokenizer.Encode(" ab<emb>c", allowSpecialTokens: true).Length - tokenizer.Encode("b").Length);
        Assert.Equal(" ab<emb>c", tokenizer.Decode(tokenizer.Encode(" ab<emb>c", allowSpecialTokens: true)));
    }
}
