using Microsoft.Win32.SafeHandles;
using Rge.Files;

namespace Rge.Models.Checkpoints;

/// <summary>Reads parts of a checkpoint's file with our errors.</summary>
internal static class FileBytes
{
    public static SafeFileHandle Open(string path)
    {
        try
        {
            // FileShare.Delete lets a new checkpoint be renamed over an open one on Windows, too.
            return FileReader.OpenHandle(path, FileShare.Read | FileShare.Delete);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(
                File.Exists(path) ? $"{path} cannot be opened: {FileProblem.Of(path, e)}." : $"{path} does not exist.",
                e
            );
        }
    }

    /// <summary>Fills the buffer with what the file holds from an offset on.</summary>
    public static void Fill(SafeFileHandle file, Span<byte> buffer, long offset, string path)
    {
        try
        {
            for (var done = 0; done < buffer.Length; )
            {
                var count = RandomAccess.Read(file, buffer[done..], offset + done);
                if (count == 0)
                    throw new CheckpointException(
                        $"{path} ends at byte {offset + done}, expected {buffer.Length - done} more: it was cut while it was open."
                    );
                done += count;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }
}
