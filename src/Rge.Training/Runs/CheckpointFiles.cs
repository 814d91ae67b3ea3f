using Rge.Files;
using Rge.Models;

namespace Rge.Training.Runs;

/// <summary>
/// Files of a checkpoint folder that stay as they are while its weights are trained: tokenizer, template, processor settings.
/// </summary>
internal static class CheckpointFiles
{
    /// <summary>Copies every small file that holds no weights and no model config.</summary>
    public static void CopyBeside(string from, string to)
    {
        foreach (var path in Directory.EnumerateFiles(from).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(path);
            if (
                Path.GetExtension(name) is ".json" or ".txt" or ".jinja"
                && name != QwenVlConfig.FileName
                && !name.EndsWith(".index.json", StringComparison.Ordinal)
            )
                AtomicFile.Copy(path, Path.Combine(to, name));
        }
    }
}
