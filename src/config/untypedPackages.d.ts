/** Packages without types of their own, as far as they are used. */
declare module 'proxy-from-env' {
  /** Empty: the host is reached directly. */
  export function getProxyForUrl(url: string): string;
}
