namespace Rge.Hub;

/// <summary>What is being done with a file.</summary>
public enum HubFileState
{
    /// <summary>Bytes are coming in.</summary>
    Downloading,

    /// <summary>An attempt failed; the next one comes after a pause.</summary>
    Waiting,

    /// <summary>The checksum of the bytes on disk is computed.</summary>
    Verifying,

    /// <summary>The file is complete and right.</summary>
    Done,
}
