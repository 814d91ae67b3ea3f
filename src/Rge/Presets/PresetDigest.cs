using System.Security.Cryptography;
using System.Text;

namespace Rge.Presets;

/// <summary>Tells presets apart by what they say, whatever they are called.</summary>
internal static class PresetDigest
{
    /// <summary>Hexadecimal digits of a digest.</summary>
    private const int Digits = 16;

    /// <summary>The digest of a preset; <see langword="null"/> for those that are older than presets.</summary>
    public static string? Of(ModelPreset preset)
    {
        var content = Content(preset);
        return content == Content(ModelPreset.Rge) || content == Content(ModelPreset.LastToken)
            ? null
            : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..Digits];
    }

    private static string Content(ModelPreset preset) => PresetWriter.Write(preset with { Name = "", Description = "" }).ToJsonString();
}
