namespace Rge.Cli.Output;

/// <summary>What a command ends with.</summary>
internal static class ExitCodes
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>The work could not be done, or a check failed.</summary>
    public const int Failure = 1;

    /// <summary>The arguments cannot be understood.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl-C, as shells expect it.</summary>
    public const int Interrupted = 130;
}
