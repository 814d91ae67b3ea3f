using Rge.Files;

namespace Rge.Models.Checkpoints;

/// <summary>The files of a checkpoint folder beside weights and config.json: tokenizer, chat template, processor settings.</summary>
public static class CheckpointFiles
{
    /// <summary>The model's configuration, which whoever writes the weights writes too.</summary>
    private const string ModelConfig = "config.json";

    /// <summary>
    /// Copies them from one folder to another that has other weights of the same model: every .json, .txt and .jinja file at the top, but
    /// for config.json, the index of shards and the configuration of an adapter. Files of the same name are replaced.
    /// </summary>
    /// <param name="from">The folder with the files.</param>
    /// <param name="to">The folder to copy to, which exists.</param>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static void CopyBeside(string from, string to)
    {
        ArgumentException.ThrowIfNullOrEmpty(from);
        ArgumentException.ThrowIfNullOrEmpty(to);
        foreach (var path in Directory.EnumerateFiles(from).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(path);
            if (
                Path.GetExtension(name) is ".json" or ".txt" or ".jinja"
                && name is not (ModelConfig or PeftAdapter.ConfigFile)
                && !name.EndsWith(".index.json", StringComparison.Ordinal)
            )
                AtomicFile.Copy(path, Path.Combine(to, name));
        }
    }
}
