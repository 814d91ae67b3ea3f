using CsCheck;
using Microsoft.ML.Tokenizers;
using Rge.Tests.Shared;

namespace Rge.Text.Tests;

public sealed class LongWordEncoderTests
{
    [Fact]
    public void Ids_equal_those_of_the_library()
    {
        using var folder = new ScratchFolder();
        var definition = TokenizerFiles.Read(folder.WithVocabulary().Path);
        var library = BpeTokenizer.Create(new BpeOptions(definition.Vocabulary) { Merges = TinyTokenizer.Merges, ByteLevel = true });
        var ours = new LongWordEncoder([.. Enumerable.Range(0, 256)], definition.Merges);

        Gen.OneOf<string>("t", "h", "e", "n", " ", "x", "xx", "i", "m", "age", "国", "é", "Ã", "\n", "'", "s", "🙂")
            .List[1, 60]
            .Select(string.Concat)
            .Sample(word =>
            {
                var ids = new List<int>();
                ours.Encode(word, ids);
                return ids.SequenceEqual(library.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
            });
    }
}
