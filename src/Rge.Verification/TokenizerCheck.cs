using System.Text.Json;
using Rge.Text;

namespace Rge.Verification;

/// <summary>Texts against their token ids, and ids against their text.</summary>
internal static class TokenizerCheck
{
    public static IEnumerable<VerificationRow> Run(ReferenceFolder folder)
    {
        var (ids, decoded) = (Comparison.Exact("tokenizer ids"), Comparison.Exact("decoded text"));
        // A folder without a model is a tokenizer's, and its cases are texts.
        var cases = folder.HasModel ? folder.Json("tokenizer_cases.json") : folder.Json("cases.json");
        if (cases is { ValueKind: JsonValueKind.Array } list)
        {
            var tokenizer = QwenTokenizer.Load(folder.HasModel ? folder.ModelFolder : folder.Folder);
            foreach (var (i, row) in list.EnumerateArray().Index())
            {
                var expected = ReferenceCase.Ids(row.GetProperty("ids"));
                ids.AddEqual($"text {i}", tokenizer.Encode(row.GetProperty("text").GetString()!, allowSpecialTokens: true), expected);
                if (row.TryGetProperty("decoded", out var text))
                    decoded.AddEqual($"text {i}", tokenizer.Decode(expected), text.GetString()!);
            }
        }
        return [ids.Row, decoded.Row];
    }
}
