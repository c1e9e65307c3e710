using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using Xunit;

namespace Mistral.Ilgpu.Tests.Profiling;

/// <summary>Chromium without a window.</summary>
internal static class HeadlessBrowser
{
    /// <summary>Starts a browser. Skips the test where there is none; CI must have one.</summary>
    public static ChromeDriver Start()
    {
        string? driver = Find("chromedriver");
        string? browser = Find("chromium", "google-chrome", "chrome");
        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.True(driver is not null && browser is not null, "CI must provide chromium and chromedriver");
        }

        Assert.SkipWhen(driver is null || browser is null, "no chromium or no chromedriver on PATH");
        var options = new ChromeOptions { BinaryLocation = browser };
        options.AddArguments(
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking");
        options.SetLoggingPreference(LogType.Browser, OpenQA.Selenium.LogLevel.All);
        var service = ChromeDriverService.CreateDefaultService(Path.GetDirectoryName(driver), Path.GetFileName(driver));
        service.SuppressInitialDiagnosticInformation = true;
        return new ChromeDriver(service, options);
    }

    /// <summary>Sets the screen; what it shows must not depend on the window's own borders.</summary>
    /// <param name="scheme">light or dark.</param>
    public static void Show(ChromeDriver browser, int width, int height, string scheme)
    {
        browser.ExecuteCdpCommand("Emulation.setDeviceMetricsOverride", new()
        {
            ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 500,
        });
        var feature = new Dictionary<string, object> { ["name"] = "prefers-color-scheme", ["value"] = scheme };
        browser.ExecuteCdpCommand("Emulation.setEmulatedMedia", new() { ["features"] = new object[] { feature } });
    }

    private static string? Find(params string[] names) => names
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(path => Path.Combine(path, name)))
        .FirstOrDefault(File.Exists);
}
