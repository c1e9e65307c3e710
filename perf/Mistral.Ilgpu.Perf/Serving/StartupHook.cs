/// <summary>
/// Has a server that is started to be measured end with the program that measures it, however that ends: the system closes the
/// server's standard input then. The runtime finds it by its name, which must be outside of all namespaces.
/// </summary>
internal static class StartupHook
{
    public static void Initialize() => new Thread(EndWithInput) { IsBackground = true }.Start();

    private static void EndWithInput()
    {
        using var input = Console.OpenStandardInput();
        while (input.ReadByte() >= 0)
        {
        }

        Environment.Exit(0);
    }
}
