using Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>
/// Gives a whole program the PTX machine's driver: <c>DOTNET_STARTUP_HOOKS=.../Mistral.Ilgpu.PtxMachine.dll mistral generate
/// --device cuda</c>. The runtime finds it by its name, which must be outside of all namespaces.
/// </summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        CudaDriver.Install();
        CudaDriver.PlugIn();
    }
}
