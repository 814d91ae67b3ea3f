using Rge.Imaging;
using Rge.Text;

namespace Rge.Models;

/// <summary>
/// The folders that tokenizer, chat template and image settings are read from: the adapter's where it brings them, else the checkpoint's.
/// </summary>
/// <param name="Tokenizer">Folder of the tokenizer.</param>
/// <param name="Template">Folder of the chat template.</param>
/// <param name="Images">Folder of the image settings.</param>
public sealed record ProcessorSources(string Tokenizer, string Template, string Images)
{
    /// <summary>Looks what an adapter's folder brings.</summary>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <param name="adapter">The adapter's folder; <see langword="null"/> for none.</param>
    /// <exception cref="CheckpointException">A file that tells cannot be read.</exception>
    public static ProcessorSources Resolve(string folder, string? adapter)
    {
        return adapter is null
            ? new ProcessorSources(folder, folder, folder)
            : new ProcessorSources(
                Choose(QwenTokenizer.IsIn(adapter)),
                Choose(ChatTemplate.IsIn(adapter)),
                Choose(ImageProcessorConfig.IsIn(adapter))
            );

        string Choose(bool isAdapters) => isAdapters ? adapter : folder;
    }
}
