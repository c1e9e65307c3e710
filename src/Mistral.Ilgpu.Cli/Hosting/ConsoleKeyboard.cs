namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>The keyboard of the terminal that the process runs in.</summary>
internal sealed class ConsoleKeyboard : IKeyboard
{
    // Some terminals, and tests that have none, say 0.
    private const int UsualWidth = 80;
    private const int UsualHeight = 24;

    // Windows' console gives keys as events, in which a paste has no marks.
    public bool MarksPastes => !OperatingSystem.IsWindows();

    public bool HasMore => Console.KeyAvailable;

    public int Width => Console.WindowWidth is > 0 and var width ? width : UsualWidth;

    public int Height => Console.WindowHeight is > 0 and var height ? height : UsualHeight;

    public ConsoleKeyInfo Read() => Console.ReadKey(intercept: true);
}
