namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>The keyboard of the process's terminal.</summary>
internal sealed class ConsoleKeyboard : IKeyboard
{
    // Used if the terminal reports 0, as some terminals and tests do.
    private const int UsualWidth = 80;
    private const int UsualHeight = 24;

    // The console of Windows delivers key events, without marks around a paste.
    public bool MarksPastes => !OperatingSystem.IsWindows();

    public bool HasMore => Console.KeyAvailable;

    public int Width => Console.WindowWidth is > 0 and var width ? width : UsualWidth;

    public int Height => Console.WindowHeight is > 0 and var height ? height : UsualHeight;

    public ConsoleKeyInfo Read() => Console.ReadKey(intercept: true);
}
